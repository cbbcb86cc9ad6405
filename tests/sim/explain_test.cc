#include "sim/explain/explain.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "sim/cli/command.h"
#include "sim/explain/kernel_basis.h"
#include "sim/explain/kernel_words.h"
#include "sim/scenario_reader.h"
#include "tests/catch.h"
#include "tests/sim/said.h"

using namespace isobath;
using nlohmann::json;

namespace {

constexpr const char* kDecode  = "deepseek-v3-decode-ep128-h800";
constexpr const char* kPrefill = "deepseek-v3-prefill-ep32-h800";

Study study_of(const std::string& name, const std::vector<std::string>& set = {}) {
    const DataFiles data;
    std::vector<Override> overrides;
    for (const std::string& one : set) overrides.push_back(parse_override(one));
    return Study(load_scenario(name, data, overrides), data);
}

/// Every built-in scenario, and variants that reach the forms those do not: no calibration, another GPU's,
/// ring collectives, one NVLink domain, dense models, an indexer.
std::vector<Study> many_studies() {
    std::vector<Study> out;
    for (const std::string& name : DataFiles().names("scenarios"))
        if (load_scenario(name, DataFiles()).phase != Phase::train) out.push_back(study_of(name));
    const std::vector<std::string> one_node{"cluster.nodes=1",       "layout.attention.tp=8",
                                            "layout.attention.dp=1", "layout.overlap=none",
                                            "layout.comm=none",      "layout.comm_library=auto"};
    const auto with = [](std::vector<std::string> set, std::initializer_list<const char*> more) {
        set.insert(set.end(), more.begin(), more.end());
        return set;
    };
    out.push_back(study_of(kDecode, {"calibration=none"}));
    out.push_back(study_of(kDecode, {"cluster.gpu=h20"}));
    out.push_back(study_of(kDecode, {"precision=bf16"}));
    out.push_back(study_of(kDecode, {"layout.overlap=shared-expert"}));
    out.push_back(study_of(kDecode, {"speculation.method=none", "model=deepseek-v3.2"}));
    out.push_back(study_of(kDecode, {"layout.comm=nccl", "layout.comm_library=auto", "layout.overlap=none"}));
    out.push_back(study_of(kPrefill, {"layout.comm_library=deepep-v2"}));
    out.push_back(study_of(kPrefill, {"layout.overlap=none"}));
    for (const char* name : {"deepseek-v3-prefill-ep32-h100", "deepseek-v3-decode-ep72-h100"})
        out.push_back(study_of(name, {"layout.comm_library=auto"}));
    out.push_back(study_of("deepseek-r1-decode-tp8-h200", {"workload.batch_per_gpu=1"}));
    out.push_back(study_of(kDecode, with(one_node, {"layout.experts.ep=8"})));
    out.push_back(study_of(kDecode, with(one_node, {"layout.experts.ep=1", "model=llama-3.1-405b",
                                                    "precision=bf16", "speculation.method=none"})));
    out.push_back(
        study_of(kDecode, {"cluster=\"gb200-nvl72\"", "layout.attention.dp=72", "layout.experts.ep=72",
                           "layout.experts.redundant=32", "layout.comm=mnnvl", "layout.overlap=none",
                           "layout.comm_library=auto"}));
    return out;
}

const Known& find(const std::vector<Known>& all, const std::string& name) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Known& k) { return k.name == name; });
    REQUIRE(found != all.end());
    return *found;
}

}  // namespace

TEST_CASE("explain: every operation of run --json is explained by the same number", "[explain]") {
    for (const Study& study : many_studies()) {
        const json result = to_json(study.result);
        for (const json& op : result["step"]["ops"]) {
            INFO(study.scenario().name << ", " << op["name"]);
            const Explanation e = explain(study, op["name"]);
            CHECK(e.result.value == op["time_s"].get<double>());
            CHECK(e.result.low == op["low_s"].get<double>());
            CHECK(e.result.high == op["high_s"].get<double>());
            CHECK(e.source == op["source"].get<std::string>());
            CHECK(e.bound == op["bound"].get<std::string>());
        }
    }
}

TEST_CASE("explain: the steps of every topic lead to its result, and every input says where it comes from",
          "[explain]") {
    for (const Study& study : many_studies())
        for (const std::string& name : topics(study)) {
            INFO(study.scenario().name << ", " << name);
            const Explanation e = explain(study, name);
            CHECK(e.steps.back().value == Approx(e.result.value).epsilon(1e-9).margin(1e-15));
            CHECK(!e.title.empty());
            CHECK(!e.equation.empty());
            for (const Known& k : e.inputs) {
                INFO(k.name);
                CHECK(!k.from.empty());
                CHECK(k.low <= k.value);
                CHECK(k.value <= k.high);
            }
        }
}

TEST_CASE("explain: totals are those of run --json", "[explain]") {
    for (const Study& study : many_studies()) {
        const json run = to_json(study.result);
        INFO(study.scenario().name);
        const auto value = [&](const char* name) { return explain(study, name).result.value; };
        CHECK(value("step") == run["step"]["time_s"].get<double>());
        CHECK(value("layer") == run["layer"]["period_s"].get<double>());
        for (const char* item : {"weights", "kv", "activations", "buffers", "free", "max_total_tokens"})
            CHECK(value((std::string("memory.") + item).c_str()) == run["memory"][item].get<double>());
        CHECK(value("speculation") == run["speculation"]["tokens_per_step"].get<double>());
        const bool prefill = study.scenario().phase == Phase::prefill;
        CHECK(value("latency") == run["latency"][prefill ? "ttft_s" : "tpot_s"].get<double>());
        CHECK(value("cost") ==
              run["cost"][prefill ? "usd_per_million_input_tokens" : "usd_per_million_output_tokens"]
                  .get<double>());
    }
}

TEST_CASE("explain: every kernel has words, and a dimension's words are its arithmetic", "[explain]") {
    for (const Study& study : many_studies()) {
        const Scenario& s = study.scenario();
        const Shard shard = s.shard();
        const LayerContext context{s.model,
                                   s.precision,
                                   shard,
                                   study.batch(),
                                   0,
                                   study.result.exchanges,
                                   study.model.fused_experts()};
        for (const LayerOp& op : study.result.work.ops) {
            INFO(s.name << ", " << op.name);
            CHECK(words_of(op.name) != nullptr);
            const auto check = [&](const char* axis, double value) {
                const Dimension* d = dimension_of(op.name, axis);
                REQUIRE(d != nullptr);
                CHECK(d->value(context) == value);
            };
            const auto matrix = [&](const auto& g) {
                check("n", g.n);
                check("k", g.k);
            };
            if (const auto* g = std::get_if<Gemm>(&op.op)) matrix(*g);
            if (const auto* g = std::get_if<GroupedGemm>(&op.op)) matrix(*g);
            if (const auto* g = std::get_if<BatchedGemm>(&op.op)) {
                matrix(*g);
                check("batch", g->batch);
            }
        }
    }
}

TEST_CASE("explain: the basis of a kernel gives the time that the kernel model gives", "[explain]") {
    const Study study = study_of(kPrefill);
    const Scenario& s = study.scenario();
    for (std::size_t i = 0; i < study.result.work.ops.size(); ++i) {
        const KernelBasis b = basis_of(study.result.work.ops[i].op, s.cluster.gpu, s.calibration,
                                       s.implementations, study.model.compute_sms());
        CHECK(b.form.time == study.result.work.costs[i].estimate.time);
    }
}

TEST_CASE("explain: the output projection of EP128 decode, by hand", "[explain]") {
    // 128 requests per GPU in two micro-batches, one draft: m = 128 / 2 * 2 = 128 rows; n = 7168; k = 128 *
    // 128. FLOP: 2 * 128 * 7168 * 16384. Bytes: A in FP8 with an FP32 scale per 128, B with one per 128 *
    // 128, C in BF16.
    const Explanation e = explain(study_of(kDecode), "o");
    CHECK(find(e.inputs, "m").value == 128);
    CHECK(find(e.inputs, "k").value == 16384);
    CHECK(find(e.steps, "FLOP").value == 2.0 * 128 * 7168 * 16384);
    CHECK(find(e.steps, "bytes").value ==
          Approx(128 * 16384 * (1 + 4. / 128) + 7168. * 16384 * (1 + 4. / 16384) + 2. * 128 * 7168));
    // 61 layers and one MTP module, twice: 124.
    CHECK(e.runs == 124);
    CHECK(find(e.inputs, "launch").uncertain());
    CHECK(find(e.inputs, "HBM bandwidth").from ==
          "GPU h800, hbm_bandwidth: " + study_of(kDecode).scenario().cluster.gpu.sources.at("hbm_bandwidth"));
    CHECK(find(e.inputs, "launch").from.find("calibration h800, gemm_fp8, deepgemm-") == 0);
}

TEST_CASE("explain: constants of another GPU are said to be carried over", "[explain]") {
    const Explanation own   = explain(study_of(kDecode), "o"),
                      other = explain(study_of(kDecode, {"cluster.gpu=h20"}), "o");
    const auto carried      = [](const Explanation& e) {
        return std::any_of(e.inputs.begin(), e.inputs.end(),
                                [](const Known& k) { return k.name == "carry-over factor"; });
    };
    CHECK_FALSE(carried(own));
    CHECK(carried(other));
    CHECK(find(other.inputs, "carry-over factor").value == Approx(CalibratedTime::kTransferFactor));
    CHECK(other.source == "assumed");
}

TEST_CASE(
    "explain: a million tokens cost an hour's rent over 3600 and the rate, and the interval follows the step",
    "[explain]") {
    // rent / 3600 / rate * 1e6, from the inputs that stand in the explanation.
    const Explanation e = explain(study_of(kDecode), "cost");
    CHECK(find(e.inputs, "rent").value == 2);
    CHECK(e.result.value == Approx(2. / 3600 / find(e.inputs, "per GPU").value * 1e6));
    CHECK(e.result.low < e.result.value);
    CHECK(e.result.value < e.result.high);
}

TEST_CASE("explain: each topic stands once, and only where it exists", "[explain]") {
    const std::vector<std::string> decode = topics(study_of(kDecode)), prefill = topics(study_of(kPrefill));
    CHECK(std::set<std::string>(decode.begin(), decode.end()).size() == decode.size());
    const auto has = [](const std::vector<std::string>& all, const char* name) {
        return std::count(all.begin(), all.end(), name) == 1;
    };
    for (const char* name :
         {"o", "moe_up", "core", "dispatch", "combine", "straggler_lag", "launch_gaps", "layer", "step",
          "memory.weights", "memory.max_total_tokens", "speculation", "throughput", "cost"})
        CHECK(has(decode, name));
    CHECK(has(decode, "dispatch_send"));
    CHECK_FALSE(has(decode, "dispatch_barrier"));
    CHECK(has(prefill, "dispatch_barrier"));
    CHECK_FALSE(has(prefill, "dispatch_send"));
}

TEST_CASE("explain: no line of any explanation is wider than 100 columns", "[explain]") {
    for (const char* name : {kDecode, kPrefill}) {
        const Study study = study_of(name);
        std::string all   = topics_text(study, false);
        for (const std::string& topic : topics(study)) all += to_text(explain(study, topic), false);
        std::istringstream lines(all);
        for (std::string line; std::getline(lines, line);) {
            INFO(line);
            CHECK(line.size() <= 100);
        }
    }
}

TEST_CASE("explain: a long source stands once, under the number that its inputs carry", "[explain]") {
    const std::string text = to_text(explain(study_of(kDecode), "o"), false);
    const std::string mark = "table of dense GEMMs";
    const auto first       = text.find(mark);
    REQUIRE(first != text.npos);
    CHECK(text.find(mark, first + 1) == text.npos);
    CHECK(text.find("[4]") < text.find("Sources"));
    CHECK(text.find("[4]", text.find("Sources")) != text.npos);
}

TEST_CASE("explain: numbers are shown in the unit a reader would choose", "[explain]") {
    CHECK(show(12.34e-6, "s") == "12.34 us");
    CHECK(show(0.0123, "s") == "12.3 ms");
    CHECK(show(0, "s") == "0 us");
    CHECK(show(7168, "B") == "7.168 kB");
    CHECK(show(3. * 1024 * 1024 * 1024, "B") == "3 GiB");
    CHECK(show(1, "tokens") == "1 token");
    CHECK(show(605403, "tokens") == "605403 tokens");
    CHECK(show(1, "tokens/s") == "1 tokens/s");
}

TEST_CASE("explain: the command prints what its contract names", "[explain][cli]") {
    const json one = json::parse(say({"explain", kDecode, "moe_up", "--json"}).out);
    for (const char* key :
         {"op", "equation", "inputs", "steps", "result_s", "low", "high", "source", "bound"})
        CHECK(one.contains(key));
    for (const char* key : {"name", "value", "unit", "source"}) CHECK(one["inputs"][0].contains(key));
    CHECK(json::parse(say({"explain", kDecode, "cost", "--json"}).out).contains("value"));
    const json list = json::parse(say({"explain", kDecode, "--json"}).out);
    CHECK(list["topics"].size() == topics(study_of(kDecode)).size());
    CHECK(say({"explain", kDecode}).out.find("  moe_up ") != std::string::npos);
    CHECK(say({"explain", "--help"}).out.find("isobath explain deepseek-v3-decode-ep128-h800 o\n") !=
          std::string::npos);
}

TEST_CASE("explain: an unknown operation is answered with the nearest", "[explain][cli]") {
    const Said near = say({"explain", kDecode, "moe_upp"});
    CHECK(near.code == 2);
    CHECK(near.out.empty());
    CHECK(near.err ==
          "isobath explain: OP: nothing called \"moe_upp\" in this scenario; did you mean \"moe_up\"?\n");
    const Said far = say({"explain", kDecode, "zzzzzzzzzzzz"});
    CHECK(far.code == 2);
    CHECK(far.err.find("known: embedding, input_norm") != std::string::npos);
    CHECK(say({"explain"}).err == "isobath explain: SCENARIO is missing; see --help\n");
    CHECK(say({"explain", kDecode, "o", "--set", "layout.comm=smoke-signals"}).code == 2);
}
