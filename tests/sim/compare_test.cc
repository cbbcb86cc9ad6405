#include "sim/compare.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "hw/spec_reader.h"
#include "sim/cli/command.h"
#include "tests/catch.h"
#include "tests/sim/said.h"
#include "tests/temporary_folder.h"

using namespace isobath;
using nlohmann::json;

namespace {

constexpr const char* kDecode = "deepseek-v3-decode-ep128-h800";

json op(const char* name, double count, double time, const char* bound = "memory",
        const char* source = "fitted") {
    return {{"name", name}, {"count", count}, {"time_s", time},  {"flop", 0},
            {"bytes", 1e6}, {"bound", bound}, {"source", source}};
}

/// The keys that compare reads, and no more.
json small(double step, json ops) {
    return {{"fits", true},
            {"scenario", {{"model", "m"}, {"layout", {{"ep", 8}}}}},
            {"step", {{"time_s", step}, {"ops", std::move(ops)}}},
            {"layer", {{"period_s", step / 10}, {"parts", {{"dense_gemm_s", step / 20}, {"dispatch_s", 0}}}}},
            {"latency", {{"tpot_s", step}, {"ttft_s", 0}}},
            {"throughput", {{"output_tokens_per_s_per_gpu", 1 / step}, {"input_tokens_per_s_per_gpu", 0}}},
            {"memory", {{"free", 1e9}, {"max_total_tokens", 1000}}},
            {"cost", {{"usd_per_million_output_tokens", 1}, {"usd_per_million_input_tokens", 0}}}};
}

}  // namespace

TEST_CASE("compare: kernels are summed by name and stand by how much their time changes", "[compare]") {
    // small: 2 * 1 ms + 2 * 1 ms (twice listed) -> 4 ms; big: 10 * 1 ms -> 10 * 3 ms = +20 ms; same: no
    // change.
    const json a =
        small(0.1, {op("small", 2, 1e-3), op("same", 1, 5e-3), op("small", 2, 1e-3), op("big", 10, 1e-3)});
    const json b       = small(0.2, {op("small", 2, 0.5e-3), op("same", 1, 5e-3), op("big", 10, 3e-3)});
    const Comparison c = compare(a, b);
    REQUIRE(c.ops.size() == 3);
    CHECK(c.ops[0].name == "big");
    CHECK(c.ops[0].change() == Approx(20e-3));
    CHECK(c.ops[1].name == "small");
    CHECK(c.ops[1].a.time == Approx(4e-3));
    CHECK(c.ops[1].a.count == 4);
    CHECK(c.ops[1].change() == Approx(-3e-3));
    CHECK(c.ops[2].change() == 0);
}

TEST_CASE("compare: says why, where bound, source, presence or amounts differ", "[compare]") {
    json heavier     = op("x", 2, 2e-3, "compute", "assumed");
    heavier["bytes"] = 1.5e6;  // of one run, so the number of runs does not count in it
    const Comparison c =
        compare(small(1, {op("x", 1, 1e-3), op("gone", 1, 1e-3)}), small(1, {heavier, op("new", 1, 1e-6)}));
    REQUIRE(c.ops.size() == 3);
    CHECK(c.ops[0].reasons ==
          std::vector<std::string>{"bound memory -> compute", "fitted -> assumed", "2x runs", "1.5x bytes"});
    CHECK(c.ops[1].reasons == std::vector<std::string>{"only in A"});
    CHECK(c.ops[2].reasons == std::vector<std::string>{"only in B"});
}

TEST_CASE("compare: metrics of both sides with their ratio; what neither has is left out", "[compare]") {
    const Comparison c = compare(small(0.1, json::array()), small(0.2, json::array()));
    CHECK(c.metrics[0].name == "step");
    CHECK(c.metrics[0].ratio() == Approx(2));
    for (const MetricChange& m : c.metrics) CHECK(m.name != "time to first token");
    REQUIRE(c.parts.size() == 1);
    CHECK(c.parts[0].name == "dense gemm");
    CHECK(to_json(c)["metrics"][0]["ratio"].get<double>() == Approx(2));
}

TEST_CASE("compare: fields that differ, whichever side has them", "[compare]") {
    json a = small(1, json::array()), b = a;
    b["scenario"]["layout"]["ep"] = 16;
    b["scenario"]["seed"]         = 7;
    const Comparison c            = compare(a, b);
    REQUIRE(c.fields.size() == 2);
    CHECK(c.fields[0].path == "/layout/ep");
    CHECK(c.fields[0].a == "8");
    CHECK(c.fields[0].b == "16");
    CHECK(c.fields[1].path == "/seed");
    CHECK(c.fields[1].a.empty());
}

TEST_CASE("compare: a scenario with itself changes nothing", "[compare]") {
    const json result  = load_result(kDecode, {}, {});
    const Comparison c = compare(result, result);
    CHECK(c.fields.empty());
    for (const MetricChange& m : c.metrics) CHECK(m.a == m.b);
    for (const OpChange& o : c.ops) {
        CHECK(o.change() == 0);
        CHECK(o.reasons.empty());
    }
    CHECK(to_text(c, "A", "B", false).find("The same scenario in every field") != std::string::npos);
}

TEST_CASE("compare: a result file compares as the scenario it came from", "[compare][cli]") {
    const TemporaryFolder folder;
    const std::string file = folder.write("result.json", say({"run", kDecode, "--json"}).out);
    const Said both        = say({"compare", file, kDecode, "--json"});
    CHECK(both.code == 0);
    const json c = json::parse(both.out);
    CHECK(c["fields"].empty());
    for (const json& o : c["ops"]) CHECK(o["change_s"] == 0);
    const Said set = say({"compare", kDecode, file, "--set", "seed=2"});
    CHECK(set.code == 2);
    CHECK(set.err == "--set seed=2: " + file + " is a result; only a scenario has fields to set\n");
}

TEST_CASE("compare: --set changes B alone, --set-both changes A as well", "[compare][cli]") {
    const json one =
        json::parse(say({"compare", kDecode, kDecode, "--set", "workload.batch_per_gpu=64", "--json"}).out);
    REQUIRE(one["fields"].size() == 1);
    CHECK(one["fields"][0]["path"] == "/workload/batch_per_gpu");
    CHECK(one["fields"][0]["a"] == 128);
    CHECK(one["fields"][0]["b"] == 64);
    const json two = json::parse(
        say({"compare", kDecode, kDecode, "--set-both", "workload.batch_per_gpu=64", "--json"}).out);
    CHECK(two["fields"].empty());
    CHECK(two["metrics"][0]["b"] == one["metrics"][0]["b"]);
    CHECK(two["metrics"][0]["a"] == one["metrics"][0]["b"]);
}

TEST_CASE("compare: errors name the side and the place", "[compare][cli]") {
    const TemporaryFolder folder;
    const std::string file = folder.write("broken.json", R"({"step": {"time_s": 1}, "scenario": {}})");
    const Said broken      = say({"compare", file, kDecode});
    CHECK(broken.code == 2);
    CHECK(broken.err == file + ": /layer/period_s: missing; expected a result of isobath run --json\n");
    json worded                        = small(1, {op("x", 1, 1e-3)});
    worded["step"]["ops"][0]["time_s"] = "long";
    CHECK_THROWS_WITH(compare(worded, small(1, json::array()), "left.json"),
                      "left.json: /step/ops/0/time_s: expected a number");
    worded["step"]["ops"][0] = 7;
    CHECK_THROWS_WITH(compare(worded, small(1, json::array()), "left.json"),
                      "left.json: /step/ops/0/name: expected text");
    CHECK(say({"compare", kDecode}).err == "isobath compare: B is missing; see --help\n");
    CHECK(say({"compare", kDecode, kDecode, "--set-both", "layout.experts.ep=7"})
              .err.starts_with("--set-both layout.experts.ep=7: "));
    CHECK(say({"compare", "no-such-scenario", kDecode}).code == 2);
}

TEST_CASE("compare: the answer \"does not fit\" is exit code 3, and the help's example runs",
          "[compare][cli]") {
    // BF16 weights of 2 experts per GPU and 61 layers of attention leave too little of 80 GB for 128
    // requests.
    CHECK(say({"compare", kDecode, kDecode, "--set", "precision=bf16"}).code == 3);
    const std::string help = say({"compare", "--help"}).out;
    CHECK(help.find("isobath compare deepseek-v3-decode-ep128-h800 deepseek-v3-decode-ep128-h800 --set "
                    "layout.overlap=none\n") != std::string::npos);
    const Said example = say({"compare", kDecode, kDecode, "--set", "layout.overlap=none"});
    CHECK(example.code == 0);
    CHECK(example.out.find("/layout/overlap") != std::string::npos);
}

TEST_CASE("compare: no line is wider than 100 columns", "[compare]") {
    std::istringstream lines(
        say({"compare", kDecode, "deepseek-v3-prefill-ep32-h100", "--set", "workload.isl=2048"}).out);
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        INFO(line);
        CHECK(line.size() <= 100);
    }
    CHECK(count > 30);
}
