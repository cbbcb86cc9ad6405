#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "sim/cli/command.h"
#include "tests/sim/golden.h"
#include "tests/sim/said.h"
#include "tests/temporary_folder.h"

using namespace isobath;
using isobath::golden::check;

namespace {

const std::string kDecode = "deepseek-v3-decode-ep128-h800", kPrefill = "deepseek-v3-prefill-ep32-h800";

/// A two-node decode that needs no preset scenario to stay as it is.
const std::vector<std::string> kSmall{"run",   kDecode,
                                      "--set", "cluster.nodes=2",
                                      "--set", "layout.attention.dp=16",
                                      "--set", "layout.experts.ep=16",
                                      "--set", "workload.batch_per_gpu=8"};

std::vector<std::string> with(std::vector<std::string> words, std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
    return words;
}

}  // namespace

TEST_CASE("cli: every command's help is as it was approved", "[sim][cli]") {
    check("help", say({"--help"}).out);
    CHECK(say({}).out == say({"--help"}).out);
    for (const cli::Command& c : cli::commands()) {
        const Said help = say({std::string(c.name), "--help"});
        if (help.code == cli::kUserError && help.err.ends_with("not yet\n")) continue;
        CHECK(help.code == cli::kDone);
        CHECK(help.err.empty());
        check("help-" + std::string(c.name), help.out);
    }
}

TEST_CASE("cli: the version is one word and a number", "[sim][cli]") {
    const Said version = say({"--version"});
    CHECK(version.code == cli::kDone);
    CHECK(version.out.substr(0, version.out.find('\n')) == "isobath 0.1.0");
}

TEST_CASE("cli: a step is told as it was approved", "[sim][cli]") {
    const Said decode = say(kSmall), prefill = say({"run", kPrefill});
    CHECK(decode.err.empty());
    CHECK(decode.code == cli::kDone);
    check("run-decode-2-nodes", decode.out);
    CHECK(prefill.code == cli::kDone);
    check("run-prefill-ep32", prefill.out);
}

TEST_CASE("cli: the user's mistakes are one line and exit code 2", "[sim][cli]") {
    std::string all;
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"rum"},
                                               {"zzzzzzzzzz"},
                                               {"run"},
                                               {"run", kDecode, "extra"},
                                               {"run", kDecode, "--sett", "a=1"},
                                               {"run", kDecode, "--set"},
                                               {"run", kDecode, "--set", "layout.experts.ep"},
                                               {"run", kDecode, "--set", "layout.experts.ep=7"},
                                               {"run", kDecode, "--set", "phase=train"},
                                               {"run", kDecode, "-o", "/nowhere/at/all.txt"},
                                               {"run", kDecode, "--data", "/nowhere"},
                                               {"run", ""},
                                               {"run", "\x1b[31m\n"},
                                               {"run", std::string(5000, 'x')},
                                               {"presets", "h801"},
                                               {"presets", "zzzzzzzzzz"}}) {
        const Said answer = say(words);
        INFO(answer.err);
        CHECK(answer.code == cli::kUserError);
        CHECK(answer.out.empty());
        CHECK(std::count(answer.err.begin(), answer.err.end(), '\n') == 1);
        CHECK(answer.err.size() < 1100);
        if (answer.err.find("built in:") == answer.err.npos) all += answer.err;  // that list grows
    }
    check("errors", all);
}

TEST_CASE("cli: what does not fit is exit code 3 and says what would", "[sim][cli]") {
    const Said many = say({"run", kDecode, "--set", "workload.batch_per_gpu=1000"});
    CHECK(many.code == cli::kNoFit);
    const auto at = many.out.find("largest batch that fits: ");
    REQUIRE(at != many.out.npos);
    // What it names fits, and one more does not.
    const int most = std::stoi(many.out.substr(at + 25));
    CHECK(say({"run", kDecode, "--set", "workload.batch_per_gpu=" + std::to_string(most)}).code ==
          cli::kDone);
    CHECK(say({"run", kDecode, "--set", "workload.batch_per_gpu=" + std::to_string(most + 1)}).code ==
          cli::kNoFit);
}

TEST_CASE("cli: weights that do not fit say from which EP they would", "[sim][cli]") {
    // 256 experts of 3 * 7168 * 2048 B * (1 + 4/128^2) = 44.05 MB in each of 58 layers and the MTP module: on
    // 8 ranks 32 of them take 83.2 GB, on 16 half of that, beside 15 GB of the rest, in 85.5 GB.
    const Said heavy = say({"run", kDecode, "--set", "cluster.nodes=1", "--set", "layout.attention.dp=8",
                            "--set", "layout.experts.ep=8"});
    CHECK(heavy.code == cli::kNoFit);
    CHECK(heavy.out.find("weights alone do not fit; they would from EP16 on, that is 16 GPUs") !=
          heavy.out.npos);
}

TEST_CASE("cli: weights of a dense model say from which TP they would", "[sim][cli]") {
    // 405.9e9 parameters: on 8 ranks 101.5 GB in BF16, on 16 half of that, in 85.5 GB.
    const Said heavy =
        say({"run", kDecode, "--set", "model=llama-3.1-405b", "--set", "speculation.method=none", "--set",
             "cluster.nodes=1", "--set", "precision=bf16", "--set", "layout={\"attention\":{\"tp\":8}}"});
    CHECK(heavy.code == cli::kNoFit);
    CHECK(heavy.out.find("from attention TP16 on, that is 16 GPUs for each replica") != heavy.out.npos);
}

TEST_CASE("cli: serving is told by its closed loop, with the decode step that it settles at", "[sim][cli]") {
    // 128 GPUs and 8,192 requests in flight: 64 per GPU, at 1,000 + 500 / 2 = 1,250 tokens.
    const auto run = [](std::vector<std::string> words) { return nlohmann::json::parse(say(words).out); };
    const auto serve =
        run({"run", kDecode, "--json", "--set", "phase=serve", "--set", "workload.concurrency=8192", "--set",
             "workload.isl=1000", "--set", "workload.osl=500"});
    const auto decode = run(
        {"run", kDecode, "--json", "--set", "workload.batch_per_gpu=64", "--set", "workload.context=1250"});
    CHECK(serve["step"]["layers_s"] == decode["step"]["layers_s"]);
    // Prefill on the same GPUs holds up every token; Little's law ties throughput to both latencies.
    CHECK(serve["latency"]["tpot_s"] > decode["latency"]["tpot_s"]);
    const double whole =
        serve["latency"]["ttft_s"].get<double>() + 499 * serve["latency"]["tpot_s"].get<double>();
    CHECK(serve["throughput"]["output_tokens_per_s_per_cluster"].get<double>() == Approx(8192 * 500 / whole));
}

TEST_CASE("cli: JSON and text go where they are asked to", "[sim][cli]") {
    const TemporaryFolder folder;
    const Said answer = say(with(kSmall, {"--json", "-o", folder / "run.json"}));
    CHECK(answer.out.empty());
    const auto parsed = nlohmann::json::parse(folder.read("run.json"));
    CHECK(parsed["step"]["time_s"] > 0);
    CHECK(parsed["fits"] == (answer.code == cli::kDone));
    CHECK_FALSE(std::filesystem::exists(folder / "run.json.part"));
}
