#include "sim/attribute/attribute.h"

#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "sim/scenario_reader.h"
#include "tests/catch.h"
#include "tests/sim/said.h"
#include "tests/temporary_folder.h"

using namespace isobath;

namespace {

const DataFiles kData;
constexpr int kSteps = 3;

RunResult result_of(const std::string& file) {
    return run_scenario(load_scenario(std::string(ISOBATH_ROOT) + "/scenarios/" + file, kData, {}), kData);
}

/// A kernel name of each class.
const std::map<std::string, std::string> kNames{{"gemm", "nvjet_tst"},
                                                {"grouped_gemm", "fused_moe_kernel"},
                                                {"attention_decode", "flash_fwd_splitkv_mla"},
                                                {"attention_prefill", "flash_fwd"},
                                                {"indexer", "deep_gemm::mqa_logits"},
                                                {"norm", "vllm::rms_norm_kernel"},
                                                {"rope", "rotary_embedding"},
                                                {"quantise", "per_token_group_quant"},
                                                {"swiglu", "silu_and_mul"},
                                                {"gate", "moe_fused_gate"},
                                                {"cache", "concat_and_cache_mla"},
                                                {"permute", "moe_align_block_size"},
                                                {"unpermute", "moe_sum"},
                                                {"copy", "CatArrayBatchedCopy"},
                                                {"sampling", "at::native::softmax"},
                                                {"elementwise", "triton_poi_fused"},
                                                {"dispatch", "deep_ep::internode_ll::dispatch"},
                                                {"combine", "deep_ep::internode_ll::combine"}};

/// What a recording of the plan's own step would hold: each operation with a grid of its own (its number), as
/// often as planned, its time off by `noise` as a whole and by 5 % from run to run.
RecordedKernels recording_of(const RunResult& result, double noise) {
    std::mt19937_64 engine(1);
    const auto draw = [&](double width) { return 1 + width * (2 * double(engine() >> 11) * 0x1p-53 - 1); };
    RecordedKernels out;
    for (std::size_t i = 0; i < result.ops.size(); ++i) {
        const OpRow& op        = result.ops[i];
        const std::string kind = op.kernel ? class_of(op.name, *op.kernel) : op.name;
        RecordedKernel kernel{{kNames.at(kind), {int(i) + 1, 1, 1}, {128, 1, 1}}, {}};
        const Seconds time = draw(noise) * op.time.time;
        for (int run = 0; run < std::lround(op.count * kSteps); ++run) kernel.times.add(draw(0.05) * time);
        if (kernel.times.count() > 0 && time > Seconds{}) out.kernels.push_back(kernel);
    }
    return out;
}

/// The share of the recording's time that was matched to the operation it was made of.
double rightly_matched(const Attribution& attribution, const RunResult& result) {
    Seconds right;
    for (const MatchedOp& op : attribution.ops) {
        const int number = op.launch.launch.grid[0] - 1;
        if (result.ops[std::size_t(number)].name == op.op) right += op.launch.times.total;
    }
    return right / attribution.total;
}

}  // namespace

TEST_CASE("attribute: a recording made of a scenario's own plan is matched back", "[sim][attribute]") {
    for (const char* file : {"deepseek-v3-decode-ep128-h800.json", "deepseek-v3-prefill-ep32-h800.json",
                             "deepseek-r1-decode-tp8-h200.json"}) {
        INFO(file);
        const RunResult result        = result_of(file);
        const RecordedKernels made    = recording_of(result, 0.02);
        const Attribution attribution = attribute(made, Classifier(kData), result);
        CHECK(attribution.steps == kSteps);
        CHECK(attribution.steps_counted);
        CHECK(attribution.matched_share > 0.95);
        CHECK(rightly_matched(attribution, result) > 0.95);
    }
}

TEST_CASE("attribute: foreign kernels stay unmatched and are listed with their share", "[sim][attribute]") {
    const RunResult result = result_of("deepseek-v3-decode-ep128-h800.json");
    RecordedKernels made   = recording_of(result, 0);
    const Seconds own      = made.total();
    RecordedKernel foreign{{"my_own_kernel", {1, 1, 1}, {32, 1, 1}}, {}},
        rare{{"nvjet_other", {9999, 1, 1}, {384, 1, 1}}, {}},
        reduce{{"ncclDevKernel_AllReduce", {24, 1, 1}, {512, 1, 1}}, {}};
    for (int i = 0; i < 100; ++i) foreign.times.add(own / 1000);
    for (int i = 0; i < 7; ++i) rare.times.add(10 * unit::us);
    reduce.times.add(1 * unit::us);
    for (const RecordedKernel& each : {foreign, rare, reduce}) made.kernels.push_back(each);
    const Attribution attribution = attribute(made, Classifier(kData), result);
    std::map<std::string, UnmatchedLaunch> unmatched;
    for (const UnmatchedLaunch& each : attribution.unmatched) unmatched[each.launch.launch.name] = each;
    REQUIRE(unmatched.count("my_own_kernel"));
    CHECK(unmatched["my_own_kernel"].reason == "no rule knows its name");
    CHECK(unmatched["my_own_kernel"].share == Approx(0.1 / 1.1).epsilon(0.02));
    CHECK(unmatched["nvjet_other"].reason == "no operation runs as often");
    CHECK(unmatched["ncclDevKernel_AllReduce"].reason == "the plan has no such operation");
    double shares = 0;
    for (const UnmatchedLaunch& each : attribution.unmatched) shares += each.share;
    CHECK(attribution.matched_share == Approx(1 - shares));
}

TEST_CASE("attribute: a name that tells n and k goes to the product of that shape, however long it took",
          "[sim][attribute]") {
    const RunResult result = result_of("deepseek-v3-decode-ep128-h800.json");
    RecordedKernels made   = recording_of(result, 0);
    // o_proj (16384 -> 7168) and q_b (1536 -> 24576) swap their times.
    RecordedKernel *o = nullptr, *q_b = nullptr;
    for (std::size_t i = 0, k = 0; i < result.ops.size(); ++i) {
        for (k = 0; k < made.kernels.size(); ++k)
            if (made.kernels[k].launch.grid[0] == int(i) + 1) {
                if (result.ops[i].name == "o") o = &made.kernels[k];
                if (result.ops[i].name == "q_b") q_b = &made.kernels[k];
            }
    }
    REQUIRE((o && q_b));
    o->launch.name   = "deep_gemm::fp8_gemm_kernel<7168u, 16384u, 64u>";
    q_b->launch.name = "deep_gemm::fp8_gemm_kernel<24576u, 1536u, 64u>";
    std::swap(o->times, q_b->times);
    for (const MatchedOp& op : attribute(made, Classifier(kData), result).ops) {
        if (op.op == "o") CHECK(op.launch.launch.name == o->launch.name);
        if (op.op == "q_b") CHECK(op.launch.launch.name == q_b->launch.name);
    }
}

TEST_CASE("attribute: what the recording lacks is told", "[sim][attribute]") {
    const RunResult result = result_of("deepseek-v3-decode-ep128-h800.json");
    RecordedKernels made   = recording_of(result, 0);
    std::erase_if(made.kernels,
                  [](const RecordedKernel& kernel) { return kernel.launch.name == "rotary_embedding"; });
    made.steps                    = kSteps;
    const Attribution attribution = attribute(made, Classifier(kData), result);
    CHECK_FALSE(attribution.steps_counted);
    CHECK(attribution.missing == std::vector<std::string>{"rope"});
}

TEST_CASE("calibrate import: a recording becomes a table, rows and a comparison", "[sim][cli][attribute]") {
    const TemporaryFolder folder;
    const std::string rows     = folder / "rows.jsonl";
    const std::string scenario = std::string(ISOBATH_ROOT) + "/scenarios/deepseek-v3-decode-ep128-h800.json";
    RecordedKernels made       = recording_of(result_of("deepseek-v3-decode-ep128-h800.json"), 0);
    made.program               = "serve";
    made.device.name           = "NVIDIA H800";
    made.device.sm_count       = 132;
    const std::string name     = folder.write("serve.kernels.json", to_text(made));
    const Said table           = say({"calibrate", "import", "--kernels", name});
    CHECK(table.err.empty());
    CHECK_THAT(table.out, Catch::Contains("FlashMLA           attention_decode"));
    const Said both = say({"calibrate", "import", "--kernels", name, "--scenario", scenario, "--json"});
    CHECK(both.err.empty());
    CHECK(nlohmann::json::parse(both.out)["attribution"]["matched_share"].get<double>() > 0.95);
    CHECK(say({"calibrate", "import", "--kernels", name, "--scenario", scenario})
              .out.find("of the recorded time is matched") != std::string::npos);
    CHECK(say({"calibrate", "import", "--kernels", name, "-o", rows}).code == cli::kUserError);
    RecordedRange range{{{KernelKind::rms_norm, "bf16", {64, 7168}}, "vllm-0.11"}, {}, {}};
    range.times.add(3 * unit::us);
    made.ranges = {range};
    folder.write("serve.kernels.json", to_text(made));
    CHECK(say({"calibrate", "import", "--kernels", name, "-o", rows}).code == cli::kDone);
    CHECK(read_measurements(std::filesystem::path(rows)).at(0).rows.at(0).implementation == "vllm-0.11");
    CHECK(say({"calibrate", "import", "--kernels", name, "--trace", name})
              .err.find("one recording at a time") != std::string::npos);
    CHECK(
        say({"calibrate", "fit", rows, "--gpu", "h800"}).err.find("fewer rows than the 2 that a fit takes") !=
        std::string::npos);
}
