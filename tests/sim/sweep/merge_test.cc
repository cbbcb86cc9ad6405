#include "sim/sweep/merge.h"

#include "tests/sim/sweep/elsewhere.h"

using namespace isobath;
using namespace isobath::sweep;

namespace {

std::string one(const std::string& file, const std::string& query) {
    const auto rows = rows_of(file, query);
    REQUIRE(rows.size() == 1);
    return rows[0][0];
}

Sweep grid() {
    return sweep_of(R"({"path": "layout.overlap", "values": ["none", "two-batch", "shared-expert"]},
        {"path": "workload.batch_per_gpu", "from": 16, "to": 256, "step": 16},
        {"path": "workload.context", "values": [1024, 4096]})");
}

}  // namespace

TEST_CASE("merge: the same bytes for any number of threads and shards", "[sim][sweep]") {
    const Sweep sweep =
        sweep_of(R"({"path": "layout.overlap", "values": ["none", "two-batch", "shared-expert"]},
        {"path": "speculation.depth", "values": [0, 1]},
        {"path": "workload.batch_per_gpu", "from": 1, "to": 200, "step": 1},
        {"path": "workload.context", "values": [1024, 4096]})");
    const TemporaryFolder folders;
    run_into(sweep, folders / "one", 1);
    run_into(sweep, folders / "two", 2);
    for (const std::size_t shard : {2U, 0U, 1U}) run_into(sweep, folders / "three", 1, shard, 3);
    const std::string expected = merged(sweep, folders / "one");
    CHECK(expected.size() > 100'000);
    CHECK((merged(sweep, folders / "two") == expected));
    CHECK((merged(sweep, folders / "three") == expected));
    CHECK(part_files({folders / "three"}).size() == 3);
}

TEST_CASE("merge: a shard alone is not the whole, and says how much is missing", "[sim][sweep]") {
    const Sweep sweep = grid();
    const Space space(sweep);
    const TemporaryFolder folders;
    const Progress p       = run_into(sweep, folders / "parts", 1, 1, 4);
    const std::string file = folders / "out.sqlite";
    const Tally tally      = merge(sweep, space, {folders / "parts"}, file);
    CHECK(tally.missing == space.points() - p.evaluated - p.excluded);
    CHECK(tally.missing > 0);
    CHECK(!std::filesystem::exists(file));
    CHECK(merge(sweep, space, {folders / "parts"}, file, true).missing == tally.missing);
    CHECK(one(file, "SELECT count(*) FROM points") == std::to_string(space.points() - tally.missing));
    CHECK(one(file, "SELECT value FROM provenance WHERE key = 'missing'") == std::to_string(tally.missing));
    // Nothing is left beside it.
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folders.path()))
        files += entry.is_regular_file();
    CHECK(files == 1);
}

TEST_CASE("merge: columns have their types, rows their numbers, impossible points their reason",
          "[sim][sweep]") {
    const Sweep sweep = grid();
    const TemporaryFolder folders;
    run_into(sweep, folders / "parts");
    const std::string file = folders / "parts.sqlite";
    REQUIRE(!merged(sweep, folders / "parts").empty());
    CHECK(one(file, "PRAGMA integrity_check") == "ok");
    // 3 overlaps x 16 batches x 2 contexts; two-batch needs kernels other than low-latency ones.
    CHECK(one(file, "SELECT count(*) FROM points") == "96");
    CHECK(one(file, "SELECT count(*) FROM results") == "64");
    const auto reasons = rows_of(file, "SELECT * FROM reasons");
    REQUIRE(reasons.size() == 1);
    CHECK(
        reasons[0][0].starts_with("layout.overlap=\"two-batch\": low-latency kernels overlap by their hook"));
    CHECK(reasons[0][1] == "32");
    const auto types = rows_of(file,
                               "SELECT name, type FROM columns WHERE name IN ('layout.overlap', "
                               "'workload.context', 'fits', 'latency.tpot_s') ORDER BY name");
    CHECK(types == std::vector<std::vector<std::string>>{{"fits", "BOOLEAN"},
                                                         {"latency.tpot_s", "REAL"},
                                                         {"layout.overlap", "TEXT"},
                                                         {"workload.context", "INTEGER"}});
    // Point 67 of [3][16][2]: 67 = 2*32 + 1*2 + 1: shared-expert, the second batch, the second context.
    const auto row = rows_of(file,
                             "SELECT \"layout.overlap\", \"workload.batch_per_gpu\", \"workload.context\", "
                             "typeof(\"latency.tpot_s\"), excluded FROM points WHERE point = 67");
    CHECK(row == std::vector<std::vector<std::string>>{{"shared-expert", "32", "4096", "real", "NULL"}});
    CHECK(one(file, "SELECT value FROM provenance WHERE key = 'sweep'") == sweep.text);
    CHECK(one(file, "SELECT value FROM provenance WHERE key = 'scenario'") == sweep.scenario_text);
    CHECK(one(file, "SELECT meaning FROM columns WHERE name = 'workload.context'").find("tokens") == 0);
}

TEST_CASE("merge: the front holds what nothing beats, and the best by an axis are the best", "[sim][sweep]") {
    const Sweep sweep = grid();
    const TemporaryFolder folders;
    run_into(sweep, folders / "parts");
    REQUIRE(!merged(sweep, folders / "parts").empty());
    const std::string file = folders / "parts.sqlite";
    // Brute force: a point is beaten by one that is no worse in both and better in one.
    const auto expected = rows_of(
        file,
        "SELECT point FROM results a WHERE fits AND NOT EXISTS (SELECT 1 FROM results b WHERE b.fits "
        "AND b.\"latency.tpot_s\" <= a.\"latency.tpot_s\" "
        "AND b.\"throughput.output_tokens_per_s_per_gpu\" >= a.\"throughput.output_tokens_per_s_per_gpu\" "
        "AND (b.\"latency.tpot_s\" < a.\"latency.tpot_s\" OR b.\"throughput.output_tokens_per_s_per_gpu\" > "
        "a.\"throughput.output_tokens_per_s_per_gpu\")) ORDER BY \"latency.tpot_s\"");
    CHECK(expected.size() > 3);
    CHECK(rows_of(file, "SELECT point FROM pareto") == expected);
    for (const std::string axis : {"layout.overlap", "workload.batch_per_gpu", "workload.context"}) {
        const auto best = rows_of(file, "SELECT \"" + axis +
                                            "\", point, \"throughput.output_tokens_per_s_per_gpu\" "
                                            "FROM \"best by " +
                                            axis + "\"");
        CHECK(!best.empty());
        for (const auto& row : best) {
            CHECK(row[2] ==
                  one(file, "SELECT \"throughput.output_tokens_per_s_per_gpu\" FROM results WHERE point = " +
                                row[1]));
            CHECK(one(file, "SELECT count(*) FROM results WHERE fits AND \"" + axis + "\" = '" + row[0] +
                                "' AND \"throughput.output_tokens_per_s_per_gpu\" > " + row[2] +
                                " * 1.0000000001") == "0");
        }
    }
    // The front comes from its index alone, and only then from the table.
    std::string plan;
    for (const auto& row : rows_of(file, "EXPLAIN QUERY PLAN SELECT * FROM pareto")) plan += row[3] + "\n";
    INFO(plan);
    CHECK(plan.find("USING COVERING INDEX front") != plan.npos);
}

TEST_CASE("merge: names and texts from outside stay what they are", "[sim][sweep]") {
    const Sweep sweep = read_sweep(R"({"name": "it's \"quoted\"; DROP TABLE points", "scenario":
        "deepseek-v3-decode-ep128-h800", "axes": [{"path": "name", "values": ["a'b", "c\"d", "é"]}]})",
                                   "o'brien.json", DataFiles());
    const TemporaryFolder folders;
    run_into(sweep, folders / "parts");
    REQUIRE(!merged(sweep, folders / "parts").empty());
    const std::string file = folders / "parts.sqlite";
    CHECK(one(file, "SELECT group_concat(name, '|') FROM points") == "a'b|c\"d|é");
    CHECK(one(file, "SELECT value FROM provenance WHERE key = 'name'") == sweep.name);
}
