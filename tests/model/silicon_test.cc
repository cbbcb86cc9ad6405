#include "model/calibrate/silicon.h"

#include "hw/spec_reader.h"
#include "model/calibrate/silicon_kernels.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

constexpr const char* kGemm =
    "framework,version,device,kernel_source,gemm_dtype,m,n,k,latency\n"
    "TRTLLM,1.3.0rc20,NVIDIA H200,torch_flow,fp8_block,16,2112,7168,0.0125\r\n"
    "TRTLLM,1.3.0rc20,NVIDIA H200,torch_flow,bfloat16,32,2112,7168,0.02\n";

std::vector<SiliconTable> parse(const std::string& text) {
    return parse_silicon(text, "dir/t.csv", "h200");
}

std::string swapped(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("silicon: the hash that holds rows back is FNV-1a of 64 bits", "[model][silicon]") {
    // Published test vectors of FNV-1a 64: "" is the offset basis, "a" and "foobar" as below.
    CHECK(fnv1a64("") == 0xcbf29ce484222325ULL);
    CHECK(fnv1a64("a") == 0xaf63dc4c8601ec8cULL);
    CHECK(fnv1a64("foobar") == 0x85944171f73967e8ULL);
}

TEST_CASE("silicon: a row's key is what was run, without who measured and what came out",
          "[model][silicon]") {
    const SiliconTable table = parse(kGemm)[0];
    CHECK(table.rows[0].key == "torch_flow|fp8_block|16|2112|7168");
    CHECK(table.rows[0].held_back == (fnv1a64("torch_flow|fp8_block|16|2112|7168") % 5 == 0));
    CHECK(table.rows[0].time.in(unit::us) == Approx(12.5));
    CHECK(table.rows[1].line == 3);
    CHECK(table.rows[1].text("gemm_dtype") == "bfloat16");
    CHECK(table.implementation == "trtllm-1.3.0rc20");
    CHECK(table.measured_on == "NVIDIA H200");
    CHECK(table.file == "t.csv");
}

TEST_CASE("silicon: one row in five is held back, whatever the keys", "[model][silicon]") {
    int held_back = 0;
    for (int i = 0; i < 10000; ++i) held_back += is_held_back("bfloat16|" + std::to_string(i) + "|7168");
    CHECK(held_back > 1850);  // 2000, and less than four standard deviations of 40
    CHECK(held_back < 2150);
}

TEST_CASE("silicon: DeepEP's rows hold two times in microseconds", "[model][silicon]") {
    const auto tables = parse(
        "framework,version,device,op_name,kernel_source,node_num,hidden_size,num_token,num_topk,num_experts,"
        "dispatch_sms,dispatch_transmit_us,dispatch_notify_us,combine_sms,combine_transmit_us,"
        "combine_notify_us\nsglang,0.5.0,NVIDIA H200,normal,deepep,2,7168,1,8,256,20,37.28,2,24,48.36,0\n");
    REQUIRE(tables.size() == 2);
    CHECK(tables[0].family == "deepep_normal_dispatch");
    CHECK(tables[0].rows[0].time.in(unit::us) == Approx(39.28));  // transmit and notify, one after the other
    CHECK(tables[1].family == "deepep_normal_combine");
    CHECK(tables[1].rows[0].time.in(unit::us) == Approx(48.36));
    CHECK(tables[1].rows[0].key == "normal|deepep|2|7168|1|8|256|20|24");
}

TEST_CASE("silicon: NCCL's version is NCCL's, whoever ran it", "[model][silicon]") {
    const auto tables = parse(
        "framework,version,device,op_name,kernel_source,nccl_dtype,num_gpus,message_size,latency\n"
        "TRTLLM,2.29.2,NVIDIA H200,all_gather,NCCL,half,2,256,0.00536\n");
    CHECK(tables[0].family == "nccl");
    CHECK(tables[0].implementation == "nccl-2.29.2");
}

TEST_CASE("silicon: a mistake is named by file, line and column, with what is allowed", "[model][silicon]") {
    CHECK_THROWS_WITH(parse(swapped(kGemm, "0.0125", "fast")),
                      "dir/t.csv: 2: latency: \"fast\"; allowed: a number of at least 0");
    CHECK_THROWS_WITH(parse(swapped(kGemm, ",32,", ",-32,")),
                      "dir/t.csv: 3: m: \"-32\"; allowed: a number of at least 0");
    CHECK_THROWS_WITH(parse(swapped(kGemm, "0.02", "0")), "dir/t.csv: 3: latency: no time; allowed: above 0");
    CHECK_THROWS_WITH(parse(swapped(kGemm, "gemm_dtype", "gem_dtype")),
                      "dir/t.csv: 1: gem_dtype: unknown column; did you mean \"gemm_dtype\"?");
    CHECK_THROWS_WITH(parse(swapped(kGemm, ",latency", "")),
                      Catch::Contains("dir/t.csv: 2: row: 9 cells; allowed: 8"));
    CHECK_THROWS_WITH(parse(swapped(kGemm, ",2112", ",\"2112\"")), Catch::Contains("found a quote"));
    CHECK_THROWS_WITH(parse(std::string(kGemm).substr(0, 64)), Catch::Contains("at least one row"));
    CHECK_THROWS_WITH(parse(""), Catch::Contains("dir/t.csv: 1: "));
}

TEST_CASE("silicon: rows become the kernels that the model knows", "[model][silicon]") {
    const auto tables = kernel_tables(parse(kGemm));
    REQUIRE(tables.size() == 2);
    CHECK(tables[0].kernel == "gemm_fp8");
    CHECK(tables[1].kernel == "gemm_bf16");
    const Gemm& shape = std::get<Gemm>(tables[0].samples[0].op);
    CHECK(shape.m == 16);
    CHECK(shape.n == 2112);
    CHECK(shape.k == 7168);
    CHECK(shape.format == Format::fp8_block);
    CHECK(tables[0].samples[0].key == "torch_flow|fp8_block|16|2112|7168");
    CHECK_THROWS_WITH(kernel_tables(parse(swapped(kGemm, "fp8_block", "int3"))),
                      "t.csv: 2: gemm_dtype: \"int3\"; allowed: bfloat16, fp8_block, fp8, nvfp4");
}

TEST_CASE("silicon: MLA decode reads isl and what is already cached", "[model][silicon]") {
    const auto tables = kernel_tables(parse(
        "framework,version,device,op_name,kernel_source,mla_dtype,kv_cache_dtype,num_heads,batch_size,isl,"
        "tp_size,step,latency\n"
        "TRTLLM,1,NVIDIA H200,mla_generation,default,bfloat16,fp8,16,32,1,4,511,0.0137\n"));
    CHECK(tables[0].kernel == "mla_decode_fp8");
    const MlaDecode& shape = std::get<MlaDecode>(tables[0].samples[0].op);
    CHECK(shape.context == 512);
    CHECK(shape.batch == 32);
    CHECK(shape.heads == 16);
    CHECK(shape.cache == KvLayout::fp8);
}

TEST_CASE("silicon: a GPU is named by a whole word", "[model][silicon]") {
    CHECK(names_gpu("gemm_h200_sxm_trtllm.csv", "h200"));
    CHECK(names_gpu("NVIDIA H100 80GB HBM3", "h100"));
    CHECK_FALSE(names_gpu("deepep_normal_1node_gb200.csv", "b200"));
    CHECK_FALSE(names_gpu("gemm_h200_sxm_trtllm.csv", "h20"));
}
