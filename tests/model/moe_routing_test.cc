#include "model/calibrate/moe_routing.h"

#include <algorithm>
#include <numeric>

#include "hw/spec_reader.h"
#include "model/calibrate/silicon_moe.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

int sum(const ExpertLoads& loads) {
    return std::accumulate(loads.begin(), loads.end(), 0);
}

MoeTraffic traffic(int tokens, int ep, const char* distribution, bool limited = false) {
    return {tokens, 256, 8, ep, distribution, limited};
}

}  // namespace

TEST_CASE("benchmark routing: balanced tokens reach every expert equally", "[model][moe]") {
    // 64 tokens * 8 experts / 256 = 2 rows each; one token takes every 32nd expert.
    CHECK(loads_of(traffic(64, 8, "balanced"), 5)[0] == ExpertLoads(32, 2));
    CHECK(sum(loads_of(traffic(1, 8, "balanced"), 5)[0]) == 1);
    CHECK(loads_of(traffic(1, 1, "balanced"), 5)[0][32] == 1);
}

TEST_CASE("benchmark routing: power-law draws share out every pair, the fullest rank first", "[model][moe]") {
    for (const int tokens : {1, 16, 512, 4096}) {
        const auto whole = loads_of(traffic(tokens, 1, "power_law_1.2"), 3);
        const auto first = loads_of(traffic(tokens, 8, "power_law_1.2"), 3);
        REQUIRE(whole.size() == 3);
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(sum(whole[i]) == 8 * tokens);
            CHECK(*std::max_element(whole[i].begin(), whole[i].end()) <= tokens);
            CHECK(sum(first[i]) >= tokens);  // the fullest has at least the mean
            CHECK(first[i].size() == 32);
        }
    }
}

TEST_CASE("benchmark routing: the same draws every time", "[model][moe]") {
    CHECK(loads_of(traffic(128, 8, "power_law_1.01"), 4) == loads_of(traffic(128, 8, "power_law_1.01"), 4));
}

TEST_CASE("benchmark routing: DeepSeek-V3's gate crowds balanced tokens into half of the experts",
          "[model][moe]") {
    // A balanced token has one expert in each of 8 groups. All tie, so groups 0 to 3 stay: 4 experts of the
    // token, and 4 more from the lowest indices. The first of two ranks then computes everything.
    CHECK(sum(loads_of(traffic(128, 2, "balanced", true), 1)[0]) == 8 * 128);
    CHECK(sum(loads_of(traffic(128, 2, "balanced"), 1)[0]) == 4 * 128);
    // TensorRT-LLM's min_latency kernel on B200 takes 535 us for 128 tokens with ep 1 as with ep 2.
    const LoadSummary whole = summary_of(loads_of(traffic(128, 1, "balanced", true), 1));
    CHECK(whole.active == 128);
}

TEST_CASE("benchmark routing: a summary counts rows, active experts and their variance", "[model][moe]") {
    // Rows 3, 0, 5 and 1, 1, 0: means (8 + 2) / 2 and (2 + 2) / 2; variances 1 and 0.
    const LoadSummary s = summary_of({{3, 0, 5}, {1, 1, 0}});
    CHECK(s.rows == 5);
    CHECK(s.active == 2);
    CHECK(s.variance == Approx(0.5));
}

TEST_CASE("benchmark routing: an unknown distribution is refused", "[model][moe]") {
    CHECK_THROWS_WITH(loads_of(traffic(8, 1, "zipf"), 1), Catch::Contains("allowed: balanced, uniform"));
}

TEST_CASE("silicon experts: a context row holds every token, and unpadded uniform experts share blocks",
          "[model][moe]") {
    const auto tables = parse_silicon(
        "framework,version,device,op_name,kernel_source,moe_dtype,num_tokens,hidden_size,inter_size,topk,"
        "num_experts,moe_tp_size,moe_ep_size,distribution,latency\n"
        "SGLang,1,NVIDIA H200,moe_context,deepepmoe,fp8_block,512,7168,2048,8,256,1,8,uniform,0.5\n",
        "moe_h200.csv", "h200");
    const std::vector<Op> ops = expert_kernels_of(tables[0], tables[0].rows[0]);
    REQUIRE(ops.size() == 5);
    // 512 * 8 / 256 = 16 rows for each of 32 experts: 512 rows, 4 blocks of 128, so 4 experts' weights.
    const GroupedGemm up = std::get<GroupedGemm>(ops[0]);
    CHECK(up.rows == 512);
    CHECK(up.experts == 4);
    CHECK(up.n == 4096);
    CHECK(up.layout == GroupedLayout::contiguous);
    // permute reads and writes (512 rows + 512 tokens) * 7168 in FP8 with scales
    CHECK(std::get<Streaming>(ops[3]).bytes.base() == Approx(1024 * 7168 * (1 + 4.0 / 128)));
}
