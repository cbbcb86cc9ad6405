#include "sim/served/served.h"

#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"
#include "sim/curve/curve.h"
#include "sim/scenario_reader.h"
#include "sim/validate/served_runs.h"
#include "tests/catch.h"
#include "tests/sim/said.h"
#include "tests/temporary_folder.h"

using namespace isobath;
using nlohmann::json;

namespace {

constexpr const char *kTp8 = "deepseek-r1-serve-tp8-h200", *kSplit = "deepseek-r1-serve-split-h200";

Scenario with(const char* name, const std::vector<std::string>& set) {
    std::vector<Override> overrides;
    for (const std::string& one : set) overrides.push_back(parse_override(one));
    return load_scenario(name, DataFiles(), overrides);
}

double rate(const ServedResult& r) {
    return r.output_tokens_per_s;
}

}  // namespace

TEST_CASE("served: throughput is what Little's law makes of both latencies", "[sim][served]") {
    // 64 clients, answers of 0.9 * 1024 tokens: 64 * 921.6 / (TTFT + 920.6 * TPOT).
    const ServedResult r = predict_served(with(kTp8, {}), DataFiles());
    const double whole   = (r.ttft.time + 920.6 * r.tpot.time).base();
    CHECK(rate(r) == Approx(64 * 921.6 / whole));
    CHECK(r.tpot.low < r.tpot.time);
    CHECK(r.tpot.time < r.tpot.high);
}

TEST_CASE("served: a server that may speculate is predicted both ways", "[sim][served]") {
    const std::vector<std::string> mtp{"speculation.method=mtp", "speculation.depth=2"};
    auto on = mtp, off = mtp, unknown = mtp;
    off.emplace_back("speculation.use=off");
    unknown.emplace_back("speculation.use=unknown");
    const auto tpot = [](const std::vector<std::string>& set) {
        return predict_served(with(kTp8, set), DataFiles()).tpot;
    };
    const Estimate a = tpot(on), b = tpot(off), both = tpot(unknown);
    CHECK(both.time.base() == Approx(std::sqrt(a.time.base() * b.time.base())));
    CHECK(both.low <= std::min(a.low, b.low));
    CHECK(both.high >= std::max(a.high, b.high));
    CHECK(b.time == predict_served(with(kTp8, {"speculation.method=none"}), DataFiles()).tpot.time);
}

TEST_CASE("served: units of a split deployment are read, counted and kept to the cluster", "[sim][served]") {
    // One prefill unit of TP8 and three decode units of TP8: 32 GPUs.
    const ServingUnits units = serving_units(with(kSplit, {}), DataFiles());
    CHECK(units.split);
    CHECK(units.gpus() == 32);
    CHECK(units.prefill.scenario.phase == Phase::prefill);
    CHECK_THROWS_WITH(
        serving_units(with(kSplit, {"cluster.nodes=3"}), DataFiles()),
        "scenarios/deepseek-r1-serve-split-h200.json: /serving/units: units take 32 GPUs, but the "
        "cluster has 24");
    CHECK_THROWS_AS(
        serving_units(with(kSplit, {R"(serving.units={"prefill":{"count":1,"layout":{}}})"}), DataFiles()),
        SpecError);
}

TEST_CASE(
    "served: uneven experts read fewer weights at small batches and wait for a fuller rank at large ones",
    "[sim][served]") {
    const auto step = [](const char* popularity, const char* clients) {
        return predict_served(with(kTp8, {std::string("routing.popularity=") + popularity,
                                          std::string("workload.concurrency=") + clients}),
                              DataFiles())
            .loop.decode_step;
    };
    CHECK(step("lognormal:0.85", "32") < step("uniform", "32"));
}

TEST_CASE("curve: more clients give each user less and each GPU more", "[sim][curve]") {
    const Curve c = curve_of(with(kTp8, {}), DataFiles());
    REQUIRE(c.points.size() > 4);
    for (std::size_t i = 1; i < c.points.size(); ++i) {
        CHECK(c.points[i].per_user <= c.points[i - 1].per_user);
        if (c.points[i].waiting <= 0) CHECK(c.points[i].per_gpu > c.points[i - 1].per_gpu);
    }
    CHECK(c.knee > 0);
    CHECK(c.knee + 1 < c.points.size());
}

TEST_CASE("curve: the knee is the point farthest above the chord", "[sim][curve]") {
    // In logarithms: (0, 0) is the last point, the first lies at (1, 0) and the second at (0.9, 0.8).
    std::vector<ServicePoint> points(3);
    points[0].per_user = std::exp(1.0);
    points[0].per_gpu  = 1;
    points[1].per_user = std::exp(0.9);
    points[1].per_gpu  = std::exp(0.8);
    points[2].per_user = 1;
    points[2].per_gpu  = std::exp(1.0);
    CHECK(knee_of(points) == 1);
}

TEST_CASE("curve: what is printed as JSON is documented", "[sim][curve]") {
    const Said said = say({"curve", kTp8, "--json", "--concurrency", "4", "--concurrency", "16"});
    CHECK(said.code == cli::kDone);
    const json out = json::parse(said.out);
    CHECK(out["points"].size() == 2);
    CHECK(out["points"][1]["concurrency"] == 16);
    CHECK(say({"curve", kTp8, "--concurrency", "-4"}).code == cli::kUserError);
}

TEST_CASE("served fit: the shipped engines hold the constants of the fit to all runs", "[sim][served]") {
    const DataFiles data;
    const json file = parse_json(*data.find(kServedFile), kServedFile);
    for (const ServedConstant& c :
         read_served_constants(json{{"parameters", file["parameters"]}}, kServedFile)) {
        INFO(c.name);
        const json doc    = parse_json(*data.find(c.file), c.file);
        const json& value = doc.at(json::json_pointer(c.at)).at("value");
        const double held = value.is_string() ? parse_quantity<Seconds>(value.get<std::string>()).base()
                                              : value.get<double>();
        const double fit  = file["fits"]["all"][c.name][0];
        CHECK(held == Approx(fit).epsilon(1e-3));
    }
}

TEST_CASE("served fit: at most one constant for eight measured values of an engine, each fold fitted apart",
          "[sim][served]") {
    const DataFiles data;
    const auto runs = served_runs(data);
    CHECK(runs.size() == 126);
    std::map<std::string, int> values, constants;
    for (const ServedRun& run : runs) values[run.scenario.engine.name] += 2;
    const json file = parse_json(*data.find(kServedFile), kServedFile);
    for (const json& p : file["parameters"]) {
        const std::string name = std::filesystem::path(p["file"].get<std::string>()).stem().string();
        ++constants[name];
    }
    for (const auto& [engine, n] : constants) {
        INFO(engine);
        CHECK(8 * n <= values[engine]);
    }
    for (int fold = 0; fold < kServedFolds; ++fold) CHECK_NOTHROW(without_fold(data, fold));
}

TEST_CASE("bench import: a user's runs are set beside predictions, and fit overheads alone",
          "[sim][served]") {
    const TemporaryFolder folder;
    const std::string file = folder.write(
        "bench.jsonl",
        R"({"dataset_name": "random", "max_concurrency": 64, "completed": 640, "total_input_tokens": 589824, "total_output_tokens": 576000, "mean_ttft_ms": 419, "mean_tpot_ms": 33}
{"dataset_name": "random", "max_concurrency": 4, "completed": 40, "total_input_tokens": 36864, "total_output_tokens": 36000, "mean_ttft_ms": 260, "mean_tpot_ms": 10.3}
)");
    const Said said = say({"calibrate", "import", "--bench", file, "--scenario", kTp8, "--json"});
    CHECK(said.code == cli::kDone);
    const json out = json::parse(said.out);
    CHECK(out["runs"].size() == 2);
    CHECK(out["engine"]["extends"] == "sglang-0.5.9");
    CHECK(out["engine"].size() == 2);  // one constant for four values
    CHECK(std::abs(out["runs"][0]["tpot_error_before"].get<double>()) < 0.5);
    CHECK(say({"calibrate", "import", "--bench", file}).code == cli::kUserError);
    CHECK(say({"calibrate", "import", "--bench", "/nowhere", "--scenario", kTp8}).code == cli::kUserError);
}
