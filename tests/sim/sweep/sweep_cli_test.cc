// `isobath sweep` as its user meets it.
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "sim/sweep/slurm.h"
#include "tests/catch.h"
#include "tests/sim/said.h"
#include "tests/sim/sweep/elsewhere.h"

using namespace isobath;
using namespace isobath::sweep;
using nlohmann::json;

TEST_CASE("sweep cli: the example of the help works as printed", "[sim][sweep][cli]") {
    const Elsewhere here;
    const std::string help = say({"sweep", "--help"}).out;
    REQUIRE(help.find("  isobath sweep decode-batch-ep -o decode.sqlite\n") != help.npos);
    const Said said = say({"sweep", "decode-batch-ep", "-o", "decode.sqlite"});
    CHECK(said.err.empty());
    CHECK(said.code == cli::kDone);
    CHECK(said.out.find("4,500 points") != said.out.npos);
    CHECK(std::filesystem::exists("decode.sqlite"));
    CHECK(!part_files({"decode.sqlite.parts"}).empty());
}

TEST_CASE("sweep cli: status counts, merge refuses half of it, the rest makes it whole",
          "[sim][sweep][cli]") {
    const Elsewhere here;
    write_bytes("grid.json", kGrid);
    const Said half = say({"sweep", "grid.json", "--shard", "1/2", "--parts", "parts", "--json"});
    REQUIRE(half.code == cli::kDone);
    const json first  = json::parse(half.out),
               status = json::parse(say({"sweep", "status", "parts", "--json"}).out);
    CHECK(status == first);
    CHECK(status["points"] == 6000);
    CHECK(status["missing"].get<int>() > 2000);
    CHECK(status["missing"].get<int>() + status["evaluated"].get<int>() + status["excluded"].get<int>() ==
          6000);
    const Said early = say({"sweep", "merge", "parts", "-o", "out.sqlite"});
    CHECK(early.code == cli::kUserError);
    CHECK(early.err.find(fmt::format("{} of 6000 points are missing", status["missing"].get<int>())) !=
          early.err.npos);
    REQUIRE(say({"sweep", "grid.json", "--shard", "2/2", "--parts", "others"}).code == cli::kDone);
    // Parts of two machines.
    const Said whole = say({"sweep", "merge", "parts", "others", "-o", "out.sqlite", "--json"});
    CHECK(whole.code == cli::kDone);
    CHECK(json::parse(whole.out)["missing"] == 0);
    CHECK(json::parse(whole.out)["excluded"] == 2000);
    CHECK(json::parse(whole.out)["file"] == "out.sqlite");
    REQUIRE(say({"sweep", "grid.json", "-o", "alone.sqlite"}).code == cli::kDone);
    CHECK((bytes_of("alone.sqlite") == bytes_of("out.sqlite")));
}

TEST_CASE("sweep cli: where no point can be, the exit code is 3 and the reason is told",
          "[sim][sweep][cli]") {
    const Elsewhere here;
    write_bytes("none.json", R"({"scenario": "deepseek-v3-decode-ep128-h800",
        "axes": [{"path": "layout.experts.ep", "values": [7, 9]}]})");
    const Said said = say({"sweep", "none.json"});
    CHECK(said.code == cli::kNoFit);
    CHECK(said.out.find("layout.experts.ep=7: ep 7 x tp 1 = 7 ranks, but a stage has 128 GPUs") !=
          said.out.npos);
}

TEST_CASE("sweep cli: a mistake is one line and exit code 2, and leaves no file", "[sim][sweep][cli]") {
    const Elsewhere here;
    write_bytes("grid.json", kGrid);
    for (const auto& [words, part] : std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{"sweep"}, "SWEEP is missing"},
             {{"sweep", "nowhere.json"}, "nowhere.json: "},
             {{"sweep", "decode-batch-eb"}, "did you mean \"decode-batch-ep\"?"},
             {{"sweep", "grid.json", "grid.json"}, "one SWEEP at a time"},
             {{"sweep", "grid.json", "-o", "out.csv"}, "need a name that ends in .sqlite or .db"},
             {{"sweep", "grid.json", "--shard", "3"}, "--shard 3: need I/N, such as 1/8"},
             {{"sweep", "grid.json", "--shard", "3/2"}, "--shard 3/2: need a whole number from 1 to 2"},
             {{"sweep", "grid.json", "--shard", "0/2"}, "--shard 0/2: need a whole number from 1 to 2"},
             {{"sweep", "grid.json", "--threads", "0"}, "--threads 0: need a whole number from 1 to 1024"},
             {{"sweep", "grid.json", "--set", "layout.overlap=none"},
              "/layout/overlap replaces /layout/overlap"},
             {{"sweep", "grid.json", "--parts", "/proc/no"}, "cannot write"},
             {{"sweep", "status"}, "isobath sweep status: DIR is missing"},
             {{"sweep", "status", "nowhere"}, "nowhere: holds no sweep"},
             {{"sweep", "merge", "nowhere"}, "isobath sweep merge: -o FILE is missing"}}) {
        const Said said = say(words);
        INFO(fmt::format("{}: {}", fmt::join(words, " "), said.err));
        CHECK(said.code == cli::kUserError);
        CHECK(said.out.empty());
        CHECK(said.err.find(part) != said.err.npos);
        CHECK(std::count(said.err.begin(), said.err.end(), '\n') == 1);
    }
    CHECK(!std::filesystem::exists("grid.parts"));
}

TEST_CASE("sweep cli: a scenario's own object and its file serve as well as its name", "[sim][sweep][cli]") {
    const Elsewhere here;
    const std::string path = "scenarios/deepseek-v3-decode-ep128-h800.json";
    const std::string text = DataFiles().find(path).value();
    const std::string axes = R"(, "axes": [{"path": "workload.batch_per_gpu", "values": [16, 64]}]})";
    write_bytes("mine.json", text);
    write_bytes("file.json", R"({"scenario": "mine.json")" + axes);
    write_bytes("object.json", "{\"scenario\": " + text + axes);
    for (const char* name : {"file", "object"}) {
        REQUIRE(say({"sweep", std::string(name) + ".json", "-o", std::string(name) + ".sqlite"}).code ==
                cli::kDone);
        CHECK(rows_of(std::string(name) + ".sqlite", "SELECT \"latency.tpot_s\" FROM points").size() == 2);
    }
    CHECK(rows_of("file.sqlite", "SELECT \"latency.tpot_s\" FROM points") ==
          rows_of("object.sqlite", "SELECT \"latency.tpot_s\" FROM points"));
}

TEST_CASE("sweep cli: the script of an array is a script, and its tasks are the sweep", "[sim][sweep][cli]") {
    const Elsewhere here;
    write_bytes("it's a grid.json", kGrid);
    const Said said = say({"sweep", "it's a grid.json", "--slurm", "--tasks", "3", "--threads", "1",
                           "--parts", "my parts", "--set", "seed=2"});
    REQUIRE(said.code == cli::kDone);
    CHECK(said.out.starts_with("#!/bin/bash\n#SBATCH --job-name=grid\n#SBATCH --array=1-3\n"));
    write_bytes("array.sh", said.out);
    // What sbatch would run, with this build in the place of the one on the PATH.
    const std::string binary = std::filesystem::path(ISOBATH_BINARY).parent_path().string();
    for (const char* task : {"2", "3", "1"})
        REQUIRE(run({"/bin/bash", "array.sh"},
                    {"PATH=" + binary + ":/usr/bin:/bin", std::string("SLURM_ARRAY_TASK_ID=") + task,
                     "SLURM_CPUS_PER_TASK=1"}) == 0);
    CHECK(part_files({"my parts"}).size() == 3);
    CHECK(json::parse(say({"sweep", "status", "my parts", "--json"}).out)["missing"] == 0);
    CHECK(shell_word("a b'c") == "'a b'\\''c'");
    CHECK(shell_word("") == "''");
}

TEST_CASE("sweep cli: wall time is told apart from results", "[sim][sweep][cli]") {
    const Elsewhere here;
    write_bytes("grid.json", kGrid);
    REQUIRE(say({"sweep", "grid.json", "--timing", "timing.json"}).code == cli::kDone);
    const json timing = json::parse(bytes_of("timing.json"));
    CHECK(timing["points"] == 6000);
    CHECK(timing["wall_s"].get<double>() > 0);
}
