#include "sim/sweep/axis.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/catch.h"
#include "tests/sim/sweep/sweeps.h"

using namespace isobath;
using namespace isobath::sweep;

namespace {

std::vector<double> numbers(const std::string& axis) {
    return sweep_of(axis).dimensions[0].axes[0].numbers;
}

std::vector<std::string> texts(const std::string& axis) {
    return sweep_of(axis).dimensions[0].axes[0].texts;
}

const std::string kBatch = R"("path": "workload.batch_per_gpu")", kPp = R"("path": "/layout/pp")",
                  kBandwidth = R"("path": "cluster.gpu.hbm_bandwidth")";

}  // namespace

TEST_CASE("axis: a range by difference, by factor and by count has both its ends", "[sim][sweep]") {
    using Numbers = std::vector<double>;
    CHECK(numbers("{" + kBatch + R"(, "from": 1, "to": 2, "step": 0.25})") == Numbers{1, 1.25, 1.5, 1.75, 2});
    CHECK(numbers("{" + kBatch + R"(, "from": 8, "to": 2, "step": -3})") == Numbers{8, 5, 2});
    CHECK(numbers("{" + kBatch + R"(, "from": 1, "to": 100, "times": 4})") == Numbers{1, 4, 16, 64});
    CHECK(numbers("{" + kBatch + R"(, "from": 10, "to": 20, "count": 3})") == Numbers{10, 15, 20});
    CHECK(numbers("{" + kBatch + R"(, "from": 4, "to": 7, "count": 1})") == Numbers{4});
    const Numbers log = numbers("{" + kBatch + R"(, "from": 1, "to": 100, "count": 3, "log": true})");
    REQUIRE(log.size() == 3);
    CHECK((log[0] == 1 && log[2] == 100));
    CHECK(log[1] == Approx(10));
    // 0.1 has no binary form: ten steps of it still end at 1.
    CHECK(numbers("{" + kBatch + R"(, "from": 0.1, "to": 1, "step": 0.1})").size() == 10);
}

TEST_CASE("axis: a whole field gets whole numbers, each once", "[sim][sweep]") {
    // 1, 1.41, 2, 2.83, 4, 5.66, 8 rounded: 1 1 2 3 4 6 8.
    CHECK(numbers("{" + kPp + R"(, "from": 1, "to": 8, "count": 7, "log": true})") ==
          std::vector<double>{1, 2, 3, 4, 6, 8});
}

TEST_CASE("axis: quantities keep their unit", "[sim][sweep]") {
    CHECK(texts("{" + kBandwidth + R"(, "from": "2 TB/s", "to": "4 TB/s", "count": 3})") ==
          std::vector<std::string>{"\"2 TB/s\"", "\"3 TB/s\"", "\"4 TB/s\""});
}

TEST_CASE("axis: words, numbers and objects may stand in one list", "[sim][sweep]") {
    CHECK(texts(R"({"path": "speculation.acceptance", "values": ["deepseek-v3-mtp", 0.8, [0.8]]})") ==
          std::vector<std::string>{"\"deepseek-v3-mtp\"", "0.8", "[0.8]"});
}

TEST_CASE("axis: a zip goes through its axes together", "[sim][sweep]") {
    const Sweep s = sweep_of(R"({"zip": [{"path": "cluster.nodes", "values": [2, 4]},
                                          {"path": "layout.experts.ep", "values": [16, 32]}]})");
    REQUIRE(s.dimensions.size() == 1);
    CHECK(s.dimensions[0].rows() == 2);
    CHECK(s.dimensions[0].axes[1].numbers == std::vector<double>{16, 32});
}

TEST_CASE("axis: a sample picks every listed value, and whole numbers alike", "[sim][sweep]") {
    const Sweep s    = sweep_of(R"({"sample": "latin-hypercube", "count": 60, "seed": 3, "of": [
        {"path": "layout.pp", "from": 1, "to": 3},
        {"path": "layout.overlap", "values": ["none", "shared-expert"]},
        {"path": "workload.context", "from": 100, "to": 1000, "log": true}]})");
    const auto& axes = s.dimensions[0].axes;
    REQUIRE(axes.size() == 3);
    // Sixty points, one in each sixtieth: three whole numbers get twenty each, two words thirty each.
    for (const double n : {1, 2, 3})
        CHECK(std::count(axes[0].numbers.begin(), axes[0].numbers.end(), n) == 20);
    CHECK(std::count(axes[1].texts.begin(), axes[1].texts.end(), "\"none\"") == 30);
    // Half of the points lie below the middle of the logarithm, sqrt(100 * 1000) = 316.
    CHECK(std::count_if(axes[2].numbers.begin(), axes[2].numbers.end(),
                        [](double n) { return n < std::sqrt(1e5); }) == 30);
    for (const double n : axes[2].numbers) CHECK((n >= 100 && n <= 1000));
}

TEST_CASE("axis: replications are seeds one after another", "[sim][sweep]") {
    const Sweep s = sweep_of("{" + kBatch + R"(, "values": [1, 2]})", R"(, "replications": 3)");
    REQUIRE(s.dimensions.size() == 2);
    CHECK(s.dimensions[1].axes[0].path == "/seed");
    CHECK(s.dimensions[1].axes[0].numbers == std::vector<double>{1, 2, 3});
}

TEST_CASE("sweep: every slip is told with its place and what would do", "[sim][sweep]") {
    const auto says = [](const std::string& axes, const std::string& part, const std::string& more = "") {
        const std::string said = refusal_of(axes, more);
        INFO(axes << more << "\n  said: " << said);
        CHECK(said.find(part) != said.npos);
    };
    const std::string batch = "{" + kBatch + R"(, "values": [1]})";
    says("", "/axes: expected a list of at least one axis");
    says(
        R"({"path": "workload.batch_per_gp", "values": [1]})",
        R"(/axes/0/path: no field "/workload/batch_per_gp" in a scenario; did you mean "/workload/batch_per_gpu"?)");
    says(R"({"path": "nothing", "values": [1]})", "isobath schema scenario lists them");
    says("{" + kBatch + R"(, "value": [1]})", "/axes/0: expected \"values\", or \"from\" and \"to\"");
    says("{" + kBatch + R"(, "values": [1], "of": 1})", "/axes/0/of: unknown key");
    says("{" + kBatch + R"(, "values": []})", "/axes/0/values: expected a list of at least one value");
    says("{" + kBatch + R"(, "values": [1, 2, 1]})", "/axes/0/values/2: 1 is there twice");
    says("{" + kBatch + R"(, "values": [1, "many"]})", "/axes/0/values/1: expected a number from 1e-06");
    says("{" + kBatch + R"(, "values": [-1]})", "/axes/0/values/0: expected a number from 1e-06");
    says("{" + kPp + R"(, "values": [1.5]})", "/axes/0/values/0: expected a whole number");
    says(R"({"path": "layout.overlap", "values": ["two"]})",
         "/axes/0/values/0: \"two\": not known; allowed: none,");
    says(R"({"path": "slo.tpot_p90", "values": ["3"]})", "need a number and one of");
    says(R"({"path": "cluster.gpu", "values": ["h100", "h2000"]})", "/axes/0/values/1: ");
    says(R"({"path": "engine", "values": ["sglang", "sglong"]})", "/axes/0/values/1: ");
    says(R"({"path": "calibration", "values": ["auto", "h20"]})", "/axes/0/values/1: ");
    says("{" + kBatch + R"(, "from": 1, "to": 9})", "one of step, times, count");
    says("{" + kBatch + R"(, "from": 1, "to": 9, "step": 1, "count": 3})", "one of step, times, count");
    says("{" + kBatch + R"(, "from": 1, "to": 9, "step": -1})", "/axes/0/step: never comes from");
    says("{" + kBatch + R"(, "from": 1, "to": 9, "times": 0.5})", "/axes/0/times: never comes from");
    says("{" + kBatch + R"(, "from": 1, "to": 1e9, "step": 1e-9})",
         "/axes/0/step: more than 10000000 values");
    says("{" + kBatch + R"(, "from": 0, "to": 9, "count": 3, "log": true})",
         "a logarithm needs both ends above 0");
    says("{" + kBandwidth + R"(, "from": "2 TB/s", "to": "3000 GB/s", "count": 2})",
         "\" GB/s\", but \"from\" is in");
    says(R"({"zip": []})", "/axes/0/zip: expected a list of at least one axis");
    says(R"({"zip": [{"path": "layout.pp", "values": [1, 2]}, {"path": "cluster.nodes", "values": [1]}]})",
         "/axes/0/zip/1: 1 values, but the first of the zip has 2");
    says(R"({"sample": "halton", "count": 4, "of": []})",
         "\"halton\": not known; allowed: sobol, latin-hypercube");
    says(R"({"sample": "sobol", "count": 4, "of": []})", "/axes/0/of: 0 axes; allowed: 1 to 21");
    says(R"({"sample": "sobol", "count": 0, "of": []})", "/axes/0/count: expected a whole number from 1");
    says(batch + "," + batch,
         "/axes: /workload/batch_per_gpu replaces /workload/batch_per_gpu, which is set before it");
    says(R"({"path": "cluster.nodes", "values": [1]}, {"path": "cluster", "values": ["h100-8xib"]})",
         "/cluster replaces /cluster/nodes");
    says(batch, "/workload/batch_per_gpu replaces", R"(, "set": {"workload.batch_per_gpu": 4})");
    says(batch, "/run: \"rum\": not known; allowed: run, serve, balance, speculate", R"(, "run": "rum")");
    says(batch, "/columns/0: no \"/latency/tpot\" in the result; did you mean \"tpot_s\"?",
         R"(, "columns": ["latency.tpot"])");
    says(batch, "/columns/0: \"/step/ops\" is not a single value", R"(, "columns": ["step.ops"])");
    says(batch, "/columns/1: is there twice", R"(, "columns": ["fits", "/fits"])");
    says(batch, "/goals/most: \"/fits\" is not among the columns",
         R"(, "columns": ["latency.tpot_s"], "goals": {"most": "fits"})");
    says(batch, "/goals/worst: unknown key", R"(, "goals": {"worst": "fits"})");
    says(batch, "/sweeep: unknown key", R"(, "sweeep": 1)");
    says(R"({"path": "model.n_routed_expert", "values": [128]})",
         "unknown key; did you mean \"n_routed_experts\"?");
    says(
        R"({"path": "workload.isl", "from": 1, "to": 1e6, "step": 1}, {"path": "workload.context", "from": 1, "to": 1e6, "step": 1})",
        "/axes: 1e+12 points; allowed: up to 1e+09");
}

TEST_CASE("sweep: a scenario that is nowhere is told at its place", "[sim][sweep]") {
    CHECK_THROWS_WITH(sweep_of("{" + kBatch + R"(, "values": [1]})", "", "deepseek-v3-decode-ep128-h80"),
                      Catch::Contains("test.json: /scenario: ") &&
                          Catch::Contains("did you mean \"deepseek-v3-decode-ep128-h800\"?"));
}
