// What the scenario's reader refuses, and what it then says.
#include "tests/catch.h"
#include "tests/sim/small_scenario.h"
#include "tests/temporary_folder.h"

using namespace isobath;
using namespace isobath::small_scenario;

TEST_CASE("scenario: text that is no JSON is said so in a line", "[sim][scenario]") {
    CHECK(said("") ==
          "s.json: line 1, column 1: not JSON: unexpected end of input; expected '[', '{', or a literal");
    CHECK(said("{\"model\": \"deep") ==
          "s.json: line 1, column 16: not JSON: invalid string: missing closing quote; last read: '\"deep'");
    CHECK(said("{\n  \"model\": 1,\n}") ==
          "s.json: line 3, column 1: not JSON: unexpected '}'; expected string literal");
    CHECK(said("null") == "s.json: /: expected an object with a scenario's fields");
    CHECK(said("[]") == "s.json: /: expected an object with a scenario's fields");
    CHECK(said(R"({"seed": NaN})") ==
          "s.json: line 1, column 10: not JSON: invalid literal; last read: '\"seed\": N'");
    CHECK(said(R"({"seed": Infinity})") ==
          "s.json: line 1, column 10: not JSON: invalid literal; last read: '\"seed\": I'");
    CHECK(said(R"({"seed": 1e999})") == "s.json: '1e999': a number is too large; allowed: up to 1.8e308");
    CHECK(said(R"({"layout": {"pp": 1, "pp": 2}})") == "s.json: /layout/pp: given twice; once is allowed");
    CHECK(said(std::string(100'000, '[')) == "s.json: nested deeper than 64 levels");
    CHECK(said(std::string(10'000'000, 'x')) ==
          "s.json: line 1, column 1: not JSON: invalid literal; last read: 'x'");
    std::string noise(10'000'000, ' ');
    for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>(i * 7919 % 251);
    CHECK(said(noise).size() < 200);
}

TEST_CASE("scenario: comments and a byte order mark are no fault", "[sim][scenario]") {
    CHECK(said("\xEF\xBB\xBF" + small().dump()) == "");
    CHECK(said("// one\n/* two */" + small().dump() + " // three") == "");
}

TEST_CASE("scenario: a file that is none is named", "[sim][scenario]") {
    const TemporaryFolder folder;
    const std::string path = folder.path();
    CHECK(said_of_file(path) == path + ": is a folder; expected a JSON file");
    CHECK(said_of_file(path + "/no.json").substr(0, path.size() + 61) ==
          path + "/no.json: no such file, and no built-in scenario of that name");
    CHECK(said_of_file("deepseek-v3-decode-ep128-h80") ==
          "deepseek-v3-decode-ep128-h80: no such file, and no built-in scenario of that name; did you mean "
          "\"deepseek-v3-decode-ep128-h800\"?");
    const std::string empty = folder.write("empty.json", "");
    CHECK(said_of_file(empty) ==
          empty + ": line 1, column 1: not JSON: unexpected end of input; expected '[', '{', or a literal");
}

TEST_CASE("scenario: a wrong value is refused with what is allowed", "[sim][scenario]") {
    CHECK(said_of("/cluster/nodes", 4294967297) ==
          "s.json: /cluster/nodes: expected a whole number from 1 to 1000000, got 4294967297");
    CHECK(said_of("/cluster/nodes", -1) ==
          "s.json: /cluster/nodes: expected a whole number from 1 to 1000000, got -1");
    CHECK(said_of("/cluster/nodes", 1.5) ==
          "s.json: /cluster/nodes: expected a whole number from 1 to 1000000, got 1.5");
    CHECK(said_of("/cluster/nodes", nullptr) ==
          "s.json: /cluster/nodes: expected a whole number from 1 to 1000000, got null");
    CHECK(said_of("/workload/batch_per_gpu", -3) ==
          "s.json: /workload/batch_per_gpu: expected a number from 1e-06 to 1e+06, got -3");
    CHECK(said_of("/workload/batch_per_gpu", "8") ==
          "s.json: /workload/batch_per_gpu: expected a number from 1e-06 to 1e+06, got \"8\"");
    CHECK(said_of("/seed", 1.5) == "s.json: /seed: expected a whole number, got 1.5");
    CHECK(said_of("/slo", {{"tpot_p90", 50}}) ==
          "s.json: /slo/tpot_p90: \"50\": need a number and one of ns us ms s");
    CHECK(said_of("/slo", {{"tpot_p90", "50 minutes"}}) ==
          "s.json: /slo/tpot_p90: \"50 minutes\": need a number and one of ns us ms s");
    CHECK(said_of("/phase", "decoding") ==
          "s.json: /phase: \"decoding\": not known; allowed: decode, prefill, serve, train");
    CHECK(said_of("/layout", 3) == "s.json: /layout: expected an object");
    CHECK(said_of("/name", 3) == "s.json: /name: expected text, got 3");
    CHECK(said_of("/model", nullptr) ==
          "s.json: /model: expected the name of a preset, or an object that extends one");
    CHECK(said_of("/calibration", 3) ==
          "s.json: /calibration: expected the name of a preset, or an object that extends one");
    CHECK(said_of("/layout/overlapp", "none") ==
          "s.json: /layout/overlapp: unknown key; did you mean \"overlap\"?");
    CHECK(said_of("/zzzzzzzzzz", 1)
              .starts_with("s.json: /zzzzzzzzzz: unknown key; known here: calibration, cluster, "));
}

TEST_CASE("scenario: a fault in a changed preset is named by its place in the scenario", "[sim][scenario]") {
    CHECK(said_of("/cluster/gpu", {{"extends", "h800"}, {"nvlink", "450 GBs"}}) ==
          "s.json: /cluster/gpu/nvlink: \"450 GBs\": need a number and one of B/s MB/s GB/s TB/s Gbit/s");
    CHECK(said_of("/cluster/gpu", {{"extends", "h800"}, {"nvlink", 450}}) ==
          "s.json: /cluster/gpu/nvlink: \"450\": need a number and one of B/s MB/s GB/s TB/s Gbit/s");
    CHECK(said_of("/cluster/gpu", {{"extends", "h800"}, {"nvlin", "450 GB/s"}}) ==
          "s.json: /cluster/gpu/nvlin: unknown key; did you mean \"nvlink\"?");
    CHECK(said_of("/cluster/nic", {{"extends", "cx7-400g"}, {"latency", "fast"}}) ==
          "s.json: /cluster/nic/latency: \"fast\": need a number and one of ns us ms s");
    CHECK(said_of("/model", {{"extends", "deepseek-v3"}, {"n_routed_experts", 4}}) ==
          "s.json: /model/num_experts_per_tok: 8 is more than n_routed_experts = 4");
    CHECK(said_of("/model", {{"extends", "deepseek-v3"}, {"n_routed_expert", 4}}) ==
          "s.json: /model/n_routed_expert: unknown key; did you mean \"n_routed_experts\"?");
    CHECK(said_of("/precision", {{"extends", "deepseek-fp8"}, {"moe", "fp32"}})
              .starts_with("s.json: /precision/moe: "));
    CHECK(said_of("/engine", {{"extends", "sglang-0.5"}, {"memory_fraction", -1}})
              .starts_with("s.json: /engine/memory_fraction: "));
    CHECK(
        said_of("/model", "deepseek-v4") ==
        "s.json: /model: no preset \"deepseek-v4\"; did you mean \"deepseek-v2\"? known: deepseek-r1, "
        "deepseek-v2, "
        "deepseek-v2-lite, deepseek-v3, deepseek-v3.2, kimi-k2, llama-3.1-405b, mixtral-8x22b, mixtral-8x7b, "
        "qwen2.5-72b, qwen3-235b");
}

TEST_CASE("layout: what does not divide is refused with what would fit", "[sim][scenario]") {
    CHECK(said_of("/layout/attention/dp", 8) ==
          "s.json: /layout/attention/dp: tp 1 x dp 8 x cp 1 = 8 ranks, but a stage has 16 GPUs; dp = 16 "
          "would fit");
    CHECK(said_of("/layout/attention/tp", 3) ==
          "s.json: /layout/attention/dp: tp 3 x dp 16 x cp 1 = 48 ranks, but a stage has 16 GPUs");
    CHECK(said_of("/layout/attention", {{"tp", 4096}, {"dp", 1000000}, {"cp", 4096}}) ==
          "s.json: /layout/attention/dp: tp 4096 x dp 1000000 x cp 4096 = 16777216000000 ranks, but a stage "
          "has 16 GPUs");
    CHECK(said_of("/layout/experts/redundant", 5) ==
          "s.json: /layout/experts/ep: ep 16 does not divide 256 experts + 5 redundant = 261; redundant = 16 "
          "would fit");
    CHECK(said_of("/layout/experts", {{"ep", 1}, {"tp", 16}}) == "");
    CHECK(said_of("/layout/pp", 3) == "s.json: /layout/pp: 3 stages do not divide 16 GPUs");
    json s      = small();
    s["model"]  = "llama-3.1-405b";
    s["layout"] = {{"attention", {{"tp", 16}}}};
    CHECK(said(s.dump()) == "");
    s["layout"]["experts"] = {{"ep", 16}};
    CHECK(said(s.dump()) == "s.json: /layout/experts/ep: llama-3.1-405b has no experts; allowed: 1");
}

TEST_CASE("layout: heads and kv heads must divide over the ranks that split them", "[sim][scenario]") {
    json s                            = small();
    s["layout"]                       = {{"attention", {{"tp", 12}}}};
    s["cluster"]                      = {{"extends", "h800-8xcx7"}, {"nodes", 12}, {"gpus_per_node", 1}};
    s["model"]                        = {{"extends", "llama-3.1-405b"}, {"num_attention_heads", 120}};
    s["model"]["hidden_size"]         = 120 * 128;
    s["model"]["num_key_value_heads"] = 8;
    s["model"]["intermediate_size"]   = 12 * 4096;
    CHECK(said(s.dump()) ==
          "s.json: /layout/attention/tp: 12 neither divides 8 kv heads nor is a multiple of them");
    s["model"]["num_key_value_heads"] = 24;
    CHECK(said(s.dump()) == "");
    s["model"]["intermediate_size"] = 100;
    CHECK(said(s.dump()) == "s.json: /layout/attention/tp: 12 does not divide the dense FFN's width 100");
    s["layout"]["attention"] = {{"dp", 12}, {"tp", 1}};
    s["layout"]["pp"]        = 1;
    CHECK(said(s.dump()) == "");
}

TEST_CASE("layout: overlap and communication must go together", "[sim][scenario]") {
    CHECK(said_of("/layout/comm", "none") ==
          "s.json: /layout/comm: none, but experts live on other ranks; allowed: nccl, "
          "deepep-normal, deepep-low-latency, mnnvl");
    CHECK(said_of("/layout/overlap", "two-batch") ==
          "s.json: /layout/overlap: low-latency kernels overlap by their hook; "
          "allowed: none, shared-expert, two-batch-hook");
    json s                 = small();
    s["layout"]["comm"]    = "nccl";
    s["layout"]["overlap"] = "two-batch-hook";
    CHECK(said(s.dump()) ==
          "s.json: /layout/overlap: the receive hook exists in deepep-low-latency only; allowed with "
          "this comm: none, shared-expert, two-batch");
    s["layout"] = {{"attention", {{"tp", 16}}}, {"experts", {{"ep", 16}}}, {"overlap", "two-batch"}};
    CHECK(said(s.dump()) ==
          "s.json: /layout/overlap: two batches overlap an expert all-to-all, and this layout has none; "
          "allowed: none, shared-expert");
    s["layout"]["overlap"] = "none";
    s["layout"]["comm"]    = "deepep-normal";
    CHECK(said(s.dump()) ==
          "s.json: /layout/comm: an expert all-to-all needs experts and attention dp above 1; allowed: "
          "none, nccl");
    CHECK(said_of("/layout/comm_sms", 132) ==
          "s.json: /layout/comm_sms: 132 leaves none of 132 SMs; allowed: 0 to 131");
    CHECK(said_of("/layout/comm", "mnnvl") ==
          "s.json: /layout/comm: mnnvl reaches the 8 GPUs of one NVLink domain, but "
          "experts lie on 16 ranks; allowed: nccl, deepep-normal, deepep-low-latency");
    CHECK(said_of("/layout/comm_library", "mnnvl-trtllm-1.2") ==
          "s.json: /layout/comm_library: mnnvl-trtllm-1.2 has no deepep-low-latency kernels; allowed: auto, "
          "deepep-sglang-0.5.12, deepep-v1-2025-02, deepep-v1-2025-04, deepep-v1-2025-06, "
          "deepep-v1-sglang-0.5, isca25-ib, "
          "isca25-nvl72");
    CHECK(said_of("/layout/comm_library", "deepep-v1-2025-03")
              .starts_with("s.json: /layout/comm_library: no library \"deepep-v1-2025-03\"; did you mean "
                           "\"deepep-v1-2025-0"));
    CHECK(said_of("/cluster/nic", "none") ==
          "s.json: /cluster/nic: none, but the cluster is larger than one NVLink domain; allowed: cx6-200g, "
          "cx7-400g, "
          "cx8-800g, efa-v2-400g");
}

TEST_CASE("scenario: speculation, precision and workload must go with the model", "[sim][scenario]") {
    json s      = small();
    s["model"]  = "qwen3-235b";
    s["layout"] = {{"attention", {{"tp", 4}, {"dp", 4}}}, {"experts", {{"ep", 16}}}, {"comm", "nccl"}};
    CHECK(said(s.dump()) == "");
    s["speculation"] = {{"method", "mtp"}};
    CHECK(said(s.dump()) == "s.json: /speculation/method: qwen3-235b ships no MTP module; allowed: none");
    s.erase("speculation");
    s["precision"] = {{"extends", "deepseek-fp8"}, {"kv_cache", "fp8-flashmla"}};
    CHECK(said(s.dump()) ==
          "s.json: /precision/kv_cache: \"fp8-flashmla\" holds MLA's latent, which qwen3-235b has not; "
          "allowed: bf16, fp8");
    CHECK(said_of("/phase", "serve") ==
          "s.json: /workload/concurrency: missing; requests in flight over the whole cluster, above 0");
    json flood        = small();
    flood["phase"]    = "prefill";
    flood["workload"] = {{"batch_per_gpu", 1e6}, {"isl", 1e6}};
    CHECK(said(flood.dump()) ==
          "s.json: /workload/batch_per_gpu: 1e+06 requests are 1e+12 tokens in one step; allowed: up "
          "to 1e+09, attending to 1e+15");
}

TEST_CASE("scenario: what is missing is asked for", "[sim][scenario]") {
    json s = small();
    s.erase("model");
    CHECK(said(s.dump()) ==
          "s.json: /model: missing; a preset, the path of a Hugging Face config.json, or an object that "
          "extends one");
    s = small();
    s.erase("phase");
    CHECK(said(s.dump()) == "s.json: /phase: missing; what is predicted");
    s = small();
    s.erase("cluster");
    CHECK(said(s.dump()) == "s.json: /cluster/gpu: missing; the GPU");
}
