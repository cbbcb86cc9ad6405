#include "profiler/row_file.h"

#include "hw/spec_reader.h"
#include "tests/catch.h"
#include "tests/temporary_folder.h"

using namespace isobath;

namespace {

/// Rows that go away with the test.
struct Rows {
    TemporaryFolder folder;
    const std::string path = folder / "rows.jsonl";

    void write(const std::string& text) const { folder.write("rows.jsonl", text); }
    std::string text() const { return folder.read("rows.jsonl"); }
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
    const Rows file;
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
    const Rows file;
    const std::string begun = to_line(device("2026-11-22")) + to_line(row(1024));
    for (const std::size_t cut : {std::size_t{1}, std::size_t{20}, to_line(row(2048)).size() - 1}) {
        file.write(begun + to_line(row(2048)).substr(0, cut));
        { RowFile(file.path, device("2026-11-22")).append(row(4096)); }
        CHECK(file.text() == begun + to_line(row(4096)));
    }
}

TEST_CASE("row file: another library version opens a new part", "[profiler]") {
    const Rows file;
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
    const Rows file;
    file.write("{\"kernel\": \"no such\"}\n");
    CHECK_THROWS_AS(RowFile(file.path, device("")), SpecError);
    CHECK(file.text() == "{\"kernel\": \"no such\"}\n");
}
