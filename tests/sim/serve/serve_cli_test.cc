#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include <pthread.h>

#include "tests/sim/golden.h"
#include "tests/sim/said.h"

using namespace isobath;
using nlohmann::json;

namespace {

constexpr const char* kTp8 = "deepseek-r1-serve-tp8-h200";

std::vector<std::string> words(std::initializer_list<std::string> more) {
    std::vector<std::string> out{"serve", kTp8};
    out.insert(out.end(), more);
    return out;
}

std::string path(const char* name) {
    return (std::filesystem::temp_directory_path() / (std::string("isobath-serve-") + name)).string();
}

}  // namespace

TEST_CASE("serve: a small run is told as it was approved", "[sim][serve][cli]") {
    const Said text = say(words({"--requests", "200", "--concurrency", "16"}));
    CHECK(text.code == cli::kDone);
    CHECK(text.err.empty());
    golden::check("serve-small", text.out);
}

TEST_CASE("serve: the object has the keys that were promised, and the same bytes every time",
          "[sim][serve][cli]") {
    const auto once  = say(words({"--requests", "300", "--json"}));
    const auto again = say(words({"--requests", "300", "--json", "--threads", "2"}));
    CHECK(once.out == again.out);
    const json out = json::parse(once.out);
    CHECK(out["requests"] == 300);
    CHECK_FALSE(out["partial"].get<bool>());
    for (const char* key : {"ttft_s", "tpot_s", "e2e_s"}) {
        CHECK(out[key]["p50"] <= out[key]["p90"]);
        CHECK(out[key]["p90"] <= out[key]["p99"]);
        CHECK(out[key]["p99"] <= out[key]["max"].get<double>() * 1.005);  // quantiles are within 0.4 %
    }
    CHECK(out["gpus"] == 8);
    CHECK(out["goodput"] <= out["requests_per_s"]);
    CHECK(out["kv_occupancy"]["mean"] <= out["kv_occupancy"]["max"]);
    // What a GPU-hour costs, over what it yields.
    const double usd = out["cost"]["usd_per_million_output_tokens"], rate = out["tokens_per_s_per_gpu"];
    CHECK(usd == Approx(out["scenario"]["price"]["usd_per_gpu_hour"].get<double>() / 3600 / rate * 1e6));
}

TEST_CASE("serve: Ctrl-C ends a run with its results so far", "[sim][serve][cli]") {
    // A signal that waits while it is blocked is delivered as soon as the command listens.
    sigset_t interrupt, before;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_BLOCK, &interrupt, &before);
    std::raise(SIGINT);
    const Said said = say(words({"--requests", "1000000", "--json"}));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    CHECK(said.code == cli::kDone);
    CHECK(said.err == "isobath serve: interrupted; results so far, marked partial\n");
    const json out = json::parse(said.out);
    CHECK(out["partial"].get<bool>());
    CHECK(out["requests"] < 1000000);
}

TEST_CASE("serve: mistakes are one line and exit code 2", "[sim][serve][cli]") {
    const auto refused = [](std::initializer_list<std::string> more, const std::string& what) {
        const Said said = say(words(more));
        INFO(said.err);
        CHECK(said.code == cli::kUserError);
        CHECK(said.out.empty());
        CHECK_THAT(said.err, Catch::Contains(what));
    };
    refused({"--rate", "0"}, "--rate 0: need a number from");
    refused({"--rate", "1"}, "/workload/duration: missing");
    refused({"--rate", "1", "--concurrency", "2"}, "--rate: does not go with --concurrency");
    refused({"--trace", "/nowhere.csv"}, "/nowhere.csv");
    refused({"--window", "3:2", "--perfetto", path("x")}, "need TO after FROM");
    refused({"--window", "0:2"}, "goes with --perfetto");
    refused({"--requests", "many"}, "--requests many: need a number");
    refused({"--set", "phase=decode"}, "/phase");
    refused({"--set", "serving.router=best"}, "serving.router=best");
}

TEST_CASE("serve: what has no room for a request does not fit, exit code 3", "[sim][serve][cli]") {
    const Said said = say(words({"--set", "workload.isl=900000"}));
    CHECK(said.code == cli::kNoFit);
    CHECK_THAT(said.out, Catch::Contains("Does not fit"));
    CHECK(json::parse(say(words({"--set", "workload.isl=900000", "--json"})).out)["fits"] == false);
}

TEST_CASE("serve: whether a server speculates being unknown, both ways are told", "[sim][serve][cli]") {
    const Said said = say(words({"--requests", "100", "--json", "--set", "speculation.method=mtp", "--set",
                                 "speculation.use=unknown"}));
    REQUIRE(said.code == cli::kDone);
    const json out   = json::parse(said.out);
    const double on  = out["speculation"]["on"]["tpot_s"]["mean"],
                 off = out["speculation"]["off"]["tpot_s"]["mean"];
    CHECK(out["tpot_s"]["mean"] == Approx(std::sqrt(on * off)));
    CHECK(on < off);
}

TEST_CASE("serve: a trace is served at its own times and lengths, and wrong lines are named",
          "[sim][serve][cli]") {
    const std::string good = path("good.csv"), bad = path("bad.csv");
    std::ofstream(good) << "arrival_s,prompt,answer\n0,1000,10\n5,2000,20\n60,500,1\n";
    std::ofstream(bad) << "arrival_s,prompt,answer\n0,1000,10\n5,some,20\n60,500,1\n";
    const json out = json::parse(say(words({"--trace", good, "--json"})).out);
    CHECK(out["requests"] == 3);
    CHECK(out["phases"][0]["ranks"]["tokens"][0] == 3500 + 10 + 20 + 1);
    CHECK(out["simulated_s"].get<double>() > 60);
    const Said refused = say(words({"--trace", bad}));
    CHECK(refused.code == cli::kUserError);
    CHECK_THAT(refused.err, Catch::Contains(":3: "));
    const Said skipped = say(words({"--trace", bad, "--skip-bad"}));
    CHECK(skipped.code == cli::kDone);
    CHECK_THAT(skipped.out, Catch::Contains("left out 1 line of the trace, the first is line 3"));
}

TEST_CASE("serve: pictures, series and traces are whole files", "[sim][serve][cli]") {
    const std::string svg = path("p.svg"), series_svg = path("s.svg"), csv = path("s.csv"),
                      trace = path("t.json");
    const Said said = say(words({"--requests", "200", "--svg", svg, "--svg-series", series_svg, "--series",
                                 csv, "--perfetto", trace, "--window", "1:20"}));
    REQUIRE(said.code == cli::kDone);
    CHECK_THAT(golden::read(svg), Catch::Contains("first token") && Catch::Contains("</svg>"));
    CHECK_THAT(golden::read(series_svg), Catch::Contains("cache in use"));
    const std::string table = golden::read(csv);
    CHECK(table.starts_with("from_s,arrived,finished"));
    CHECK(std::count(table.begin(), table.end(), '\n') > 5);
    // Every phase of a request that begins in the window ends, steps are inside it.
    int open = 0, steps = 0;
    const json all = json::parse(golden::read(trace));
    for (const json& e : all["traceEvents"]) {
        open += e["ph"] == "b" ? 1 : e["ph"] == "e" ? -1 : 0;
        if (e["ph"] != "X") continue;
        ++steps;
        CHECK(e["ts"].get<double>() < 20e6);
        CHECK(e["ts"].get<double>() + e["dur"].get<double>() >= 1e6);
    }
    CHECK(open == 0);
    CHECK(steps > 10);
}
