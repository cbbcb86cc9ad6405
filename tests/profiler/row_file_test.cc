#include "profiler/row_file.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <unistd.h>

#include "hw/spec_reader.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

struct TemporaryFile {
    std::string path =
        (std::filesystem::temp_directory_path() / ("isobath-rows-" + std::to_string(getpid()) + ".jsonl"))
            .string();
    TemporaryFile() { std::filesystem::remove(path); }
    ~TemporaryFile() { std::filesystem::remove(path); }

    void write(const std::string& text) const { std::ofstream(path, std::ios::binary) << text; }
    std::string text() const {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
};

MeasuredDevice device(const std::string& date) {
    MeasuredDevice out;
    out.name     = "NVIDIA H100 80GB HBM3";
    out.date     = date;
    out.sm_count = 132;
    return out;
}

MeasuredRow row(std::int64_t bytes) {
    MeasuredRow out;
    out.point          = {KernelKind::copy, "bf16", {bytes}};
    out.implementation = "isobath";
    out.time           = 5 * unit::us;
    out.samples        = 20;
    return out;
}

}  // namespace

TEST_CASE("row file: a second slice goes on behind the first and says the device once", "[profiler]") {
    const TemporaryFile file;
    { RowFile(file.path, device("2026-11-22")).append(row(1024)); }
    RowFile second(file.path, device("2026-11-23"));
    REQUIRE(second.before().size() == 1);
    CHECK(second.before()[0].rows == std::vector<MeasuredRow>{row(1024)});
    second.append(row(2048));
    const auto all = read_measurements(file.text(), file.path);
    REQUIRE(all.size() == 1);
    CHECK(all[0].rows.size() == 2);
}

TEST_CASE("row file: a line cut off at any byte is taken away, and the next row is whole", "[profiler]") {
    const TemporaryFile file;
    const std::string begun = to_line(device("2026-11-22")) + to_line(row(1024));
    for (const std::size_t cut : {std::size_t{1}, std::size_t{20}, to_line(row(2048)).size() - 1}) {
        file.write(begun + to_line(row(2048)).substr(0, cut));
        { RowFile(file.path, device("2026-11-22")).append(row(4096)); }
        CHECK(file.text() == begun + to_line(row(4096)));
    }
}

TEST_CASE("row file: another library version opens a new part", "[profiler]") {
    const TemporaryFile file;
    { RowFile(file.path, device("2026-11-22")).append(row(1024)); }
    MeasuredDevice newer        = device("2026-11-22");
    newer.libraries["cublaslt"] = "13.2.0";
    { RowFile(file.path, newer).append(SkippedRow{row(2048).point, "isobath", "no room", 0}); }
    const auto all = read_measurements(file.text(), file.path);
    REQUIRE(all.size() == 2);
    CHECK(all[1].skipped.size() == 1);
}

TEST_CASE("row file: a folder, a closed place and a foreign file are the user's mistakes", "[profiler]") {
    CHECK_THROWS_AS(RowFile("/tmp", device("")), SpecError);
    CHECK_THROWS_AS(RowFile("/no/such/folder/rows.jsonl", device("")), SpecError);
    const TemporaryFile file;
    file.write("{\"kernel\": \"no such\"}\n");
    CHECK_THROWS_AS(RowFile(file.path, device("")), SpecError);
    CHECK(file.text() == "{\"kernel\": \"no such\"}\n");
}
