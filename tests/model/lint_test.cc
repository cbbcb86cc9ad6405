#include "model/calibrate/lint.h"

#include <fmt/format.h>

#include "tests/catch.h"

using namespace isobath;

namespace {

const DataFiles kData;

std::vector<LintFinding> lint(const std::vector<SiliconTable>& tables) {
    return lint_silicon(tables, [](const std::string& gpu) { return load_gpu(kData, gpu); });
}

/// A GEMM table of H200 rows, each "dtype,m,n,k,latency".
std::vector<SiliconTable> gemms(std::initializer_list<const char*> rows, const char* device = "NVIDIA H200") {
    std::string text = "framework,version,device,kernel_source,gemm_dtype,m,n,k,latency\n";
    for (const char* row : rows) text += fmt::format("SGLang,1,{},a,{}\n", device, row);
    return parse_silicon(text, "gemm_h200.csv", "h200");
}

/// Attention over 4096 cached tokens, each "dtype,batch,latency".
std::vector<SiliconTable> decodes(std::initializer_list<const char*> rows) {
    std::string text =
        "framework,version,device,op_name,kernel_source,mla_dtype,num_heads,isl,step,kv_cache_dtype,batch_"
        "size,"
        "latency\n";
    for (const char* row : rows)
        text += fmt::format("SGLang,1,NVIDIA H200,mla_generation,a,bfloat16,128,1,4095,{}\n", row);
    return parse_silicon(text, "mla_h200.csv", "h200");
}

std::vector<std::string> rules_of(const std::vector<LintFinding>& findings) {
    std::vector<std::string> out;
    for (const LintFinding& one : findings) out.push_back(one.rule);
    return out;
}

using Rules = std::vector<std::string>;

}  // namespace

TEST_CASE("lint: a product faster than the tensor cores is flagged", "[model][lint]") {
    // 2 * 4096^3 FLOP at 989.4 TFLOP/s are 138.9 us; 140 us is possible, 130 us is not, even 5 % overclocked.
    CHECK(lint(gemms({"bfloat16,4096,4096,4096,0.140"})).empty());
    const auto findings = lint(gemms({"bfloat16,4096,4096,4096,0.130"}));
    CHECK(rules_of(findings) == Rules{"roofline"});
    CHECK(findings[0].key == "a|bfloat16|4096|4096|4096");
    CHECK(findings[0].what.find("138.9") != std::string::npos);
}

TEST_CASE("lint: traffic that the L2 can hold needs no time", "[model][lint]") {
    // 7168 x 2048 weights of BF16 are 29 MB, less than the 52 MB of L2: a warm benchmark may read them there.
    // 65536 x 8192 are 1.07 GB, of which 1.02 GB come from HBM: 213 us at least.
    CHECK(lint(gemms({"bfloat16,1,7168,2048,0.004"})).empty());
    CHECK(rules_of(lint(gemms({"bfloat16,1,65536,8192,0.150"}))) == Rules{"roofline"});
}

TEST_CASE("lint: of four sizes the one that was disturbed is flagged, not its neighbours", "[model][lint]") {
    const auto findings =
        lint(gemms({"bfloat16,1,7168,2048,0.010", "bfloat16,2,7168,2048,0.011", "bfloat16,4,7168,2048,0.090",
                    "bfloat16,8,7168,2048,0.012", "bfloat16,16,7168,2048,0.013"}));
    REQUIRE(rules_of(findings) == Rules{"falls"});
    CHECK(findings[0].line == 4);
    CHECK(findings[0].what == "90 us; m = 8 takes 12 us");
}

TEST_CASE("lint: one row that is too fast is flagged, not the three before it", "[model][lint]") {
    const auto findings =
        lint(gemms({"bfloat16,1,7168,2048,0.030", "bfloat16,2,7168,2048,0.031", "bfloat16,4,7168,2048,0.032",
                    "bfloat16,8,7168,2048,0.012", "bfloat16,16,7168,2048,0.033"}));
    REQUIRE(rules_of(findings) == Rules{"falls"});
    CHECK(findings[0].line == 5);
}

TEST_CASE("lint: ordinary noise is no fault", "[model][lint]") {
    CHECK(lint(gemms({"bfloat16,1,7168,2048,0.014", "bfloat16,2,7168,2048,0.010"})).empty());
}

TEST_CASE("lint: an FP8 cache that makes attention five times slower is flagged", "[model][lint]") {
    // As SGLang's Hopper tables have it for large batches: half of the bytes, five to seven times as long.
    const auto findings = lint(decodes({"bfloat16,64,0.200", "fp8,64,1.100"}));
    REQUIRE(rules_of(findings) == Rules{"wider-faster"});
    CHECK(findings[0].line == 3);
    CHECK(lint(decodes({"bfloat16,64,0.200", "fp8,64,0.210"})).empty());
}

TEST_CASE("lint: quantising its input first may cost a narrow product some time", "[model][lint]") {
    // 8192 x 7168 numbers: three passes of 2 B at half of 4.8 TB/s are 147 us, and three launches 15 us.
    CHECK(lint(gemms({"bfloat16,8192,256,7168,0.045", "fp8,8192,256,7168,0.200"})).empty());
    CHECK(rules_of(lint(gemms({"bfloat16,8192,256,7168,0.045", "fp8,8192,256,7168,0.270"}))) ==
          Rules{"wider-faster"});
}

TEST_CASE("lint: a row of another device, and a row given twice, are flagged", "[model][lint]") {
    CHECK(rules_of(lint(gemms({"bfloat16,1,7168,2048,0.01"}, "NVIDIA H100 80GB HBM3"))) ==
          Rules{"other-device"});
    const auto findings = lint(gemms({"bfloat16,1,7168,2048,0.01", "bfloat16,1,7168,2048,0.011"}));
    CHECK(rules_of(findings) == Rules{"given-twice"});
    CHECK(findings[0].line == 3);
}

TEST_CASE("lint: two GPUs with the same times: the copy is left out, the first stays", "[model][lint]") {
    const auto table = [](const char* gpu, double slower) {
        std::string text =
            "framework,version,device,op_name,kernel_source,node_num,hidden_size,num_token,num_topk,num_"
            "experts,"
            "combine_avg_t_us,dispatch_avg_t_us\n";
        for (int i = 1; i <= 30; ++i)
            text += fmt::format("sglang,0.5.0,NVIDIA {},ll,deepep,2,7168,{},8,256,{},{}\n", gpu, i,
                                slower * (20 + i), slower * (15 + i));
        const std::string lower = gpu[1] == '1' ? "h100" : "h200";
        return parse_silicon(text, "ll_" + lower + ".csv", lower);
    };
    auto both       = table("H200", 1);
    const auto h100 = table("H100", 1), other = table("H100", 1.01);
    auto differing = both;
    both.insert(both.end(), h100.begin(), h100.end());
    differing.insert(differing.end(), other.begin(), other.end());
    const auto findings = lint(both);
    CHECK(findings.size() == 60);  // 30 dispatches and 30 combines
    for (const LintFinding& one : findings) CHECK(one.gpu == "h200");
    CHECK(without_flagged(both, findings).size() == 2);
    CHECK(lint(differing).empty());
}

TEST_CASE("lint: random draws that lie apart are listed but kept", "[model][lint]") {
    const auto tables = parse_silicon(
        "framework,version,device,op_name,kernel_source,moe_dtype,num_tokens,hidden_size,inter_size,topk,"
        "num_experts,moe_tp_size,moe_ep_size,distribution,latency\n"
        "SGLang,1,NVIDIA H200,moe_generation,a,fp8_block,32,7168,2048,8,256,1,8,power_law_1.01,0.1\n"
        "SGLang,1,NVIDIA H200,moe_generation,a,fp8_block,32,7168,2048,8,256,1,8,power_law_1.02,0.14\n",
        "moe_h200.csv", "h200");
    const auto findings = lint(tables);
    CHECK(rules_of(findings) == Rules{"draws-differ"});
    CHECK(without_flagged(tables, findings)[0].rows.size() == 2);
}
