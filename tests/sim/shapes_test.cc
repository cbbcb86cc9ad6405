#include "sim/shapes.h"

#include <algorithm>

#include "sim/scenario_reader.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

ScenarioShapes shapes(const char* name) {
    const DataFiles data;
    return shapes_of(load_scenario(std::string("scenarios/") + name + ".json", data, {}), data);
}

bool holds(const ScenarioShapes& shapes, const std::string& text) {
    return std::any_of(shapes.points.begin(), shapes.points.end(),
                       [&](const KernelPoint& point) { return to_string(point) == text; });
}

}  // namespace

// 128 requests a GPU in two micro-batches of 64, two query tokens each: 128 rows. EP128 holds 2 experts a
// rank, and 128 ranks * 128 rows * 8 / 256 experts = 512 rows reach each of them; 128 heads of 192 from 1536.
TEST_CASE("shapes: a decode step asks for its own rows, heads and experts", "[sim][shapes]") {
    const ScenarioShapes decode = shapes("deepseek-v3-decode-ep128-h800");
    CHECK(holds(decode, "gemm fp8_block m=128 n=24576 k=1536"));
    CHECK(holds(decode, "gemm fp8_block m=128 n=2112 k=7168"));
    CHECK(holds(decode, "mla_decode bf16 batch=64 s_q=2 context=4096 heads=128"));
    CHECK(holds(decode, "rms_norm bf16 rows=128 columns=7168"));
    CHECK(holds(decode, "rope bf16 rows=128 heads=129"));
    CHECK(holds(decode, "swiglu fp8_block rows=1024 columns=2048"));
    CHECK(holds(decode, "gate bf16 rows=128 experts=256 groups=8 topk_groups=4 top_k=8"));
    CHECK(holds(decode, "quantise fp8_block rows=128 columns=16384"));
}

// The rows of an expert are binomial: variance 16384 * 1/32 * 31/32 = 496, so a uniform spread of
// sqrt(3 * 496) / 512 = 7.5 % of the mean varies as much.
TEST_CASE("shapes: rows of experts vary as much as the model says", "[sim][shapes]") {
    const ScenarioShapes decode = shapes("deepseek-v3-decode-ep128-h800");
    CHECK(holds(decode,
                "grouped_gemm fp8_block experts=2 rows_per_expert=512 spread_percent=8 n=4096 k=7168 "
                "contiguous=0"));
}

TEST_CASE("shapes: prefill asks for prompts and contiguous experts, each once", "[sim][shapes]") {
    const ScenarioShapes prefill = shapes("deepseek-v3-prefill-ep32-h800");
    const auto kind              = [&](KernelKind wanted) {
        return std::count_if(prefill.points.begin(), prefill.points.end(),
                                          [&](const KernelPoint& point) { return point.kind == wanted; });
    };
    CHECK(kind(KernelKind::mla_prefill) == 1);
    CHECK(kind(KernelKind::grouped_gemm) == 2);
    CHECK(kind(KernelKind::mla_decode) == 0);
    for (const KernelPoint& point : prefill.points)
        CHECK(std::count(prefill.points.begin(), prefill.points.end(), point) == 1);
}

TEST_CASE("shapes: a server asks for its decode step, and tensor parallelism for its sums", "[sim][shapes]") {
    const ScenarioShapes server = shapes("deepseek-r1-serve-tp8-h200");
    CHECK(std::any_of(server.points.begin(), server.points.end(),
                      [](const KernelPoint& point) { return point.kind == KernelKind::all_reduce; }));
    CHECK(std::find(server.unmeasured.begin(), server.unmeasured.end(), "fused_moe") !=
          server.unmeasured.end());
}
