#include "sim/step.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>

#include "sim/run_result.h"
#include "sim/scenario_reader.h"
#include "tests/allocations.h"
#include "tests/catch.h"

using namespace isobath;
using namespace isobath::unit;

namespace {

Scenario scenario_of(const std::string& name, const std::vector<std::string>& set = {}) {
    std::vector<Override> overrides;
    for (const std::string& one : set) overrides.push_back(parse_override(one));
    return load_scenario(name, DataFiles(), overrides);
}

/// The built-in ones and a few of other kinds: NCCL, tensor parallel, dense, GQA, pipeline, one GPU fewer
/// tricks.
std::vector<Scenario> scenarios() {
    std::vector<Scenario> all;
    for (const std::string& name : DataFiles().names("scenarios")) {
        Scenario s = scenario_of(name);
        if (s.phase != Phase::train) all.push_back(std::move(s));  // has steps of another kind
    }
    const std::string decode = "deepseek-v3-decode-ep128-h800", prefill = "deepseek-v3-prefill-ep32-h800";
    all.push_back(scenario_of(decode, {"layout.overlap=none"}));
    all.push_back(scenario_of(decode, {"layout.overlap=shared-expert"}));
    all.push_back(scenario_of(decode, {"layout.overlap=none", "layout.comm=nccl"}));
    all.push_back(scenario_of(prefill, {"layout.overlap=none"}));
    all.push_back(scenario_of(prefill, {"layout.overlap=shared-expert"}));
    all.push_back(
        scenario_of(decode, {"cluster.nodes=2", "layout.overlap=none", "layout.comm=nccl",
                             "layout.attention.dp=1", "layout.attention.tp=16", "layout.experts.ep=16"}));
    all.push_back(scenario_of(decode, {"model=llama-3.1-405b", "speculation.method=none", "cluster.nodes=1",
                                       "layout={\"attention\":{\"tp\":8}}"}));
    all.push_back(scenario_of(
        decode, {"model=qwen3-235b", "speculation.method=none", "cluster.nodes=1", "precision=bf16",
                 "layout={\"attention\":{\"tp\":4,\"dp\":2},\"experts\":{\"ep\":8},\"comm\":\"nccl\"}"}));
    all.push_back(scenario_of(decode, {"calibration=none"}));
    return all;
}

double seconds(const StepModel& model, StepInput input, const Bend& bend = {}) {
    StepWorkspace work;
    return evaluate(model, input, work, bend).step.in(s);
}

StepInput own_input(const Scenario& sc) {
    return {sc.workload.batch_per_gpu, sc.phase == Phase::prefill ? sc.workload.isl : sc.workload.context};
}

double part(const StepTimes& t, LayerPart p) {
    return t.parts[static_cast<std::size_t>(p)].in(us);
}

std::string shown(const Scenario& sc) {
    return sc.model.name + to_json(sc)["layout"].dump();
}

double sum_of_parts(const StepTimes& t) {
    double sum = 0;
    for (int i = 0; i < kLayerPartCount; ++i) sum += part(t, static_cast<LayerPart>(i));
    return sum;
}

double compute_parts(const StepTimes& t) {
    double sum = 0;
    for (const LayerPart p : {LayerPart::attention_core, LayerPart::dense_gemm, LayerPart::expert_gemm,
                              LayerPart::other, LayerPart::launch_gaps, LayerPart::all_reduce})
        sum += part(t, p);
    return sum;
}

}  // namespace

TEST_CASE("step: time never falls as the batch grows", "[sim][step]") {
    for (const Scenario& sc : scenarios()) {
        const StepModel model(sc, DataFiles());
        double last = 0;
        for (double batch = 1; batch <= 512; batch *= 2) {
            const double now = seconds(model, {batch, 1000});
            INFO(shown(sc) << " batch " << batch);
            CHECK(now >= last);
            last = now;
        }
    }
}

TEST_CASE("step: time never falls as the context grows", "[sim][step]") {
    for (const Scenario& sc : scenarios()) {
        const StepModel model(sc, DataFiles());
        double last = 0;
        for (double context = 128; context <= 131072; context *= 2) {
            const double now = seconds(model, {4, context});
            INFO(shown(sc) << " context " << context);
            CHECK(now >= last);
            last = now;
        }
    }
}

TEST_CASE("step: the roofline is a floor of the calibrated time", "[sim][step]") {
    for (Scenario sc : scenarios()) {
        const double calibrated = seconds(StepModel(sc, DataFiles()), own_input(sc));
        sc.calibration          = {};
        sc.implementations.clear();
        INFO(shown(sc));
        CHECK(seconds(StepModel(sc, DataFiles()), own_input(sc)) <= calibrated);
    }
}

TEST_CASE("step: the parts of a layer are its period", "[sim][step]") {
    for (const Scenario& sc : scenarios()) {
        const StepModel model(sc, DataFiles());
        StepWorkspace work;
        const StepTimes t = evaluate(model, own_input(sc), work);
        INFO(shown(sc));
        const double period = (sc.model.moe ? t.moe_layer : t.dense_layer).in(us);
        CHECK((t.compute + t.exposed_network).in(us) == Approx(period));
        if (sc.layout.overlap == Overlap::shared_expert && !model.layer_plan().hook) {
            // Shared experts run beside the dispatch, so that the parts are more than the period.
            CHECK(sum_of_parts(t) >= period);
        } else if (sc.layout.overlap == Overlap::two_batch) {
            // Two streams, each busy or idle.
            CHECK(compute_parts(t) + part(t, LayerPart::compute_bubble) == Approx(period));
            const double comm = part(t, LayerPart::dispatch) + part(t, LayerPart::combine) +
                                part(t, LayerPart::dispatch_barrier) + part(t, LayerPart::combine_barrier);
            CHECK(comm + part(t, LayerPart::comm_bubble) == Approx(period));
        } else {
            CHECK(sum_of_parts(t) == Approx(period));
        }
    }
}

TEST_CASE("step: overlap is never slower than the same layout in series on H800", "[sim][step]") {
    for (const std::string name : {"deepseek-v3-decode-ep128-h800", "deepseek-v3-prefill-ep32-h800"}) {
        Scenario sc             = scenario_of(name);
        const double overlapped = seconds(StepModel(sc, DataFiles()), own_input(sc));
        sc.layout.overlap       = Overlap::none;
        CHECK(overlapped <= seconds(StepModel(sc, DataFiles()), own_input(sc)));
    }
}

TEST_CASE("step: shares by source sum to one", "[sim][step]") {
    for (const Scenario& sc : scenarios()) {
        const auto shares = to_json(run_scenario(sc, DataFiles()))["provenance"];
        double sum        = 0;
        for (const auto& share : shares) {
            CHECK(share >= 0);
            sum += share.get<double>();
        }
        INFO(shown(sc));
        CHECK(sum == Approx(1));
    }
}

TEST_CASE("step: sources account for no more than the step", "[sim][step]") {
    for (const Scenario& sc : scenarios()) {
        const StepModel model(sc, DataFiles());
        StepWorkspace work;
        const StepTimes t = evaluate(model, own_input(sc), work);
        const double sum  = std::accumulate(t.by_source.begin(), t.by_source.end(), Seconds{}).in(s);
        INFO(shown(sc));
        CHECK(sum >= t.step.in(s) * (1 - 1e-9));
        // Two streams may both be busy: no more than twice.
        CHECK(sum <= 2 * t.step.in(s));
    }
}

TEST_CASE("step: memory only grows with batch and context", "[sim][step]") {
    for (Scenario sc : scenarios()) {
        if (sc.phase == Phase::serve) continue;  // its batch follows from its clients
        Bytes last;
        for (const double grow : {0.5, 1.0, 2.0, 4.0}) {
            Scenario more               = sc;
            more.workload.batch_per_gpu = grow * sc.workload.batch_per_gpu;
            more.workload.context       = grow * sc.workload.context;
            const MemoryUse m           = run_scenario(more, DataFiles()).memory;
            CHECK(m.weights + m.kv + m.activations + m.buffers > last);
            last = m.weights + m.kv + m.activations + m.buffers;
            CHECK((m.free + last).in(GiB) == Approx(m.capacity.in(GiB)));
        }
    }
}

TEST_CASE("step: more redundant experts are never fewer weights", "[sim][step]") {
    Bytes last;
    for (const std::string redundant : {"0", "128", "256", "384"}) {
        const Scenario sc =
            scenario_of("deepseek-v3-decode-ep128-h800", {"layout.experts.redundant=" + redundant});
        const Bytes now = StepModel(sc, DataFiles()).weights().total();
        CHECK(now > last);
        last = now;
    }
}

TEST_CASE("step: each family's low end is no slower and its high end no quicker", "[sim][step]") {
    for (const Scenario& sc : scenarios()) {
        const StepModel model(sc, DataFiles());
        const double value = seconds(model, own_input(sc));
        for (std::size_t family = 0; family < kFamilyCount; ++family) {
            Bend low{}, high{};
            low[family]  = -1;
            high[family] = 1;
            INFO(shown(sc) << " " << name_of(static_cast<Family>(family)));
            CHECK(seconds(model, own_input(sc), low) <= value);
            CHECK(seconds(model, own_input(sc), high) >= value);
        }
    }
}

TEST_CASE("step: two evaluations give the same bits, in a fresh or a used workspace", "[sim][step]") {
    for (const Scenario& sc : scenarios()) {
        const StepModel model(sc, DataFiles()), again(sc, DataFiles());
        StepWorkspace used, fresh;
        evaluate(model, {3, 77}, used);
        const StepTimes a = evaluate(model, own_input(sc), used), b = evaluate(again, own_input(sc), fresh);
        CHECK(std::memcmp(&a, &b, sizeof a) == 0);
    }
}

TEST_CASE("step: an evaluation allocates nothing once warm", "[sim][step]") {
    for (const Scenario& sc : scenarios()) {
        const StepModel model(sc, DataFiles());
        StepWorkspace work;
        const StepInput input = own_input(sc);
        evaluate(model, input, work);
        evaluate(model, {2 * input.batch_per_gpu, 2 * input.context}, work);
        const std::size_t before = test::allocations();
        evaluate(model, {1.5 * input.batch_per_gpu, 1.5 * input.context}, work);
        const std::size_t made = test::allocations() - before;
        INFO(shown(sc));
        CHECK(made == 0);
    }
}

TEST_CASE("step: training is refused by name", "[sim][step]") {
    Scenario sc = scenario_of("deepseek-v3-decode-ep128-h800");
    sc.phase    = Phase::train;
    CHECK_THROWS_WITH(
        run_scenario(sc, DataFiles()),
        "scenarios/deepseek-v3-decode-ep128-h800.json: /phase: \"train\" has a command of its own: isobath "
        "train SCENARIO; allowed here: decode, prefill, serve");
}

TEST_CASE("step: experts are one group of kernels where every rank sees all tokens and tables timed it",
          "[sim][step]") {
    const auto lists = [](const char* name, const std::vector<std::string>& set) {
        const StepModel model(scenario_of(name, set), DataFiles());
        StepWorkspace work;
        evaluate(model, {8, 4096}, work);
        std::vector<std::string> names;
        for (const LayerOp& op : work.ops) names.emplace_back(op.name);
        const auto has = [&](const char* one) { return std::count(names.begin(), names.end(), one) > 0; };
        CHECK(has("fused_moe") != has("moe_up"));
        CHECK(has("fused_moe") != has("top_k"));
        return has("fused_moe");
    };
    CHECK(lists("deepseek-r1-decode-tp8-h200", {}));
    CHECK_FALSE(
        lists("deepseek-r1-decode-tp8-h200", {"calibration=h800", "engine=sglang-0.5"}));  // no such family
    CHECK_FALSE(lists("deepseek-v3-decode-ep128-h800", {}));                               // tokens travel
}

TEST_CASE("step: tokens choose as many distinct experts as chance gives them", "[sim][step]") {
    const StepModel model(scenario_of("deepseek-r1-decode-tp8-h200", {"speculation.method=none"}),
                          DataFiles());
    StepWorkspace work;
    evaluate(model, {1, 4096}, work);
    // 8 GPUs in one attention group: 8 tokens, each with 8 of 256 experts; 256 * (1 - (248 / 256)^8) = 57.4
    CHECK(work.batch.group_tokens == 8);
    CHECK(work.batch.active_experts == Approx(57.43).epsilon(1e-3));
    CHECK(work.batch.hottest_rows == 64);  // every rank holds a share of every expert
}
