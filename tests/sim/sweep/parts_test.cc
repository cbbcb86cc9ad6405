#include "sim/sweep/parts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/catch.h"
#include "tests/sim/sweep/sweeps.h"

using namespace isobath;
using namespace isobath::sweep;

namespace {

/// Twelve points, three of which cannot be, with words, truths and numbers.
Sweep small() {
    return sweep_of(
        R"({"path": "layout.overlap", "values": ["none", "two-batch", "two-batch-hook", "shared-expert"]},
                       {"path": "workload.batch_per_gpu", "values": [1, 64, 100000]})",
        R"(, "columns": ["fits", "latency.tpot_s", "network.dispatch_s"])");
}

std::vector<Cell> cells_of(std::initializer_list<double> numbers) {
    std::vector<Cell> out;
    for (const double n : numbers) out.emplace_back().set(n);
    return out;
}

std::filesystem::path only_part(const std::string& folder) {
    const auto parts = part_files({folder});
    REQUIRE(parts.size() == 1);
    return parts[0];
}

}  // namespace

TEST_CASE("record: numbers, truths, words and nothing come back to the last bit", "[sim][sweep]") {
    std::vector<Cell> cells = cells_of({0.1, -0.0, 1e300, 5e-324, 4096, INFINITY, NAN});
    cells.emplace_back().set_truth(true);
    cells.emplace_back().set_truth(false);
    cells.emplace_back().set_text("a \"quoted\" \\ line\nand \xc3\xa9");
    std::string line;
    append_record(0x0123456789abcdef, cells, line);
    CHECK(line.back() == '\n');
    CHECK(std::count(line.begin(), line.end(), '\n') == 1);
    line.pop_back();
    Record r;
    REQUIRE(parse_record(line, cells.size(), r));
    CHECK(r.id == 0x0123456789abcdef);
    CHECK(r.possible);
    CHECK(r.cells == cells);
    CHECK(std::signbit(r.cells[1].number));
}

TEST_CASE("record: no beginning of a line is a line, and no line with more behind it", "[sim][sweep]") {
    std::string done, refused;
    std::vector<Cell> cells = cells_of({12.5, 3});
    cells.emplace_back().set_text("x\"]}");
    append_record(7, cells, done);
    append_refusal(8, "it \"cannot\" be", refused);
    for (std::string line : {done, refused}) {
        line.pop_back();
        Record r;
        CHECK(parse_record(line, 3, r));
        for (std::size_t n = 0; n < line.size(); ++n) CHECK(!parse_record(line.substr(0, n), 3, r));
        CHECK(!parse_record(line + "}", 3, r));
        CHECK(!parse_record(line + line, 3, r));
    }
    Record r;
    done.pop_back();
    CHECK(!parse_record(done, 2, r));
    CHECK(!parse_record(done, 4, r));
    CHECK(!parse_record("{\"isobath\":\"0.1.0\",\"columns\":[]}", 0, r));
}

TEST_CASE("parts: a sweep cut off at any byte goes on, loses nothing and does nothing twice",
          "[sim][sweep]") {
    const Sweep sweep = small();
    const TemporaryFolder folders;
    run_into(sweep, folders / "whole");
    const std::string expected = merged(sweep, folders / "whole");
    REQUIRE(!expected.empty());
    const std::string bytes = bytes_of(only_part(folders / "whole"));
    const auto first_lines  = std::count(bytes.begin(), bytes.end(), '\n');
    CHECK(first_lines == 1 + 12);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        const std::string folder = folders / "cut";
        std::filesystem::remove_all(folder);
        write_definition(sweep, folder);
        write_bytes(folder + "/1of1.1.1.jsonl", bytes.substr(0, cut));
        const auto whole_lines =
            std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(cut), '\n');
        const Progress p = run_into(sweep, folder);
        INFO("cut at byte " << cut);
        CHECK(p.found == std::size_t(std::max<std::ptrdiff_t>(0, whole_lines - 1)));
        CHECK(p.found + p.evaluated + p.excluded == 12);
        if (merged(sweep, folder) != expected) FAIL("the merged file differs after a cut at byte " << cut);
    }
}

TEST_CASE("parts: lines that a disk has spoilt are done again", "[sim][sweep]") {
    const Sweep sweep = small();
    const TemporaryFolder folders;
    const std::string folder = folders / "parts";
    run_into(sweep, folder);
    const std::string expected = merged(sweep, folder);
    std::string bytes          = bytes_of(only_part(folder));
    const std::size_t at       = bytes.find("\"v\":[", bytes.size() / 2);
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 8, '\0');
    write_bytes(only_part(folder), bytes);
    CHECK(merged(sweep, folder).empty());
    const Progress p = run_into(sweep, folder);
    CHECK(p.evaluated + p.excluded == 1);
    CHECK(merged(sweep, folder) == expected);
}

TEST_CASE("parts: a sweep that has grown does only what is new", "[sim][sweep]") {
    const TemporaryFolder folders;
    const auto batches = [](const std::string& values) {
        return sweep_of("{\"path\": \"workload.batch_per_gpu\", \"values\": [" + values + "]}");
    };
    run_into(batches("1, 2, 3"), folders / "parts");
    const Progress p = run_into(batches("0.5, 1, 2, 3, 4"), folders / "parts");
    CHECK(p.found == 3);
    CHECK(p.evaluated == 2);
    run_into(batches("0.5, 1, 2, 3, 4"), folders / "fresh");
    CHECK(merged(batches("0.5, 1, 2, 3, 4"), folders / "parts") ==
          merged(batches("0.5, 1, 2, 3, 4"), folders / "fresh"));
}

TEST_CASE("parts: the folder knows its sweep without the files that made it", "[sim][sweep]") {
    const TemporaryFolder folders;
    const Sweep sweep = read_sweep(R"({"scenario": "deepseek-v3-decode-ep128-h800", "axes": [
        {"path": "workload.isl", "values": [64, 128]}]})",
                                   "gone.json", DataFiles(), {parse_override("phase=prefill")});
    CHECK(sweep.phase == Phase::prefill);
    write_definition(sweep, folders / "parts");
    const Sweep again = read_definition(folders / "parts", DataFiles());
    CHECK(again.text == sweep.text);
    CHECK(again.columns.size() == sweep.columns.size());
    CHECK(Space(again).id_of(1) == Space(sweep).id_of(1));
    CHECK_THROWS_WITH(read_definition(folders / "nowhere", DataFiles()), Catch::Contains("holds no sweep"));
    write_bytes(folders / "parts/sweep.json", R"({"isobath": "0.0.1"})");
    CHECK_THROWS_WITH(read_definition(folders / "parts", DataFiles()),
                      Catch::Contains("results of isobath 0.0.1"));
    write_bytes(folders / "parts/sweep.json", "{}");
    CHECK_THROWS_WITH(read_definition(folders / "parts", DataFiles()),
                      Catch::Contains("not a sweep's definition"));
}

TEST_CASE("parts: a folder that cannot be made is told", "[sim][sweep]") {
    CHECK_THROWS_WITH(run_into(small(), "/proc/nowhere"),
                      Catch::Contains("/proc/nowhere/sweep.json: cannot write"));
}
