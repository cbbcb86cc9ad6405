#include "sim/launch/launch.h"

#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"
#include "sim/launch/options.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

Layout layout(int tp, int dp, int ep, Comm comm, Overlap overlap = Overlap::none) {
    Layout l;
    l.attention_tp = tp;
    l.attention_dp = dp;
    l.ep           = ep;
    l.expert_tp    = tp * dp / ep;
    l.comm         = comm;
    l.overlap      = overlap;
    return l;
}

}  // namespace

TEST_CASE("launch: what is written for SGLang and vLLM reads back to the same unit", "[sim][launch]") {
    for (const LaunchEngine engine : {LaunchEngine::sglang, LaunchEngine::vllm})
        for (const Layout& l : {layout(8, 1, 1, Comm::nccl), layout(8, 1, 8, Comm::nccl),
                                layout(2, 8, 16, Comm::deepep_low_latency, Overlap::two_batch_hook),
                                layout(1, 32, 32, Comm::deepep_normal, Overlap::two_batch)}) {
            LaunchUnit unit;
            unit.model            = "deepseek-ai/DeepSeek-V3";
            unit.layout           = l;
            unit.layout.redundant = l.comm == Comm::nccl ? 0 : 32;
            unit.fp8_cache        = true;
            unit.drafts           = 2;
            unit.chunk            = 4096;
            unit.memory_fraction  = 0.88;
            const Launch line     = launch_of(engine, unit);
            INFO(line.text);
            CHECK(line.unsaid.empty());
            const FromLaunch back = read_launch(line.text);
            CHECK(back.unread.empty());
            CHECK(back.engine == engine);
            CHECK(back.unit.model == unit.model);
            CHECK(back.unit.layout.attention_tp == l.attention_tp);
            CHECK(back.unit.layout.attention_dp == l.attention_dp);
            CHECK(back.unit.layout.ep == l.ep);
            CHECK(back.unit.layout.expert_tp == l.expert_tp);
            CHECK(back.unit.layout.comm == l.comm);
            CHECK(back.unit.layout.overlap == l.overlap);
            CHECK(back.unit.layout.redundant == unit.layout.redundant);
            CHECK(back.unit.fp8_cache);
            CHECK(back.unit.drafts == 2);
            CHECK(back.unit.chunk == 4096);
            CHECK(back.unit.memory_fraction == 0.88);
        }
}

TEST_CASE("launch: SGLang's tp counts every GPU, and attention tp is what dp leaves of it", "[sim][launch]") {
    const FromLaunch f = read_launch(
        "python3 -m sglang.launch_server --model-path deepseek-ai/DeepSeek-R1 --tp 16 --dp 8 "
        "--enable-dp-attention --moe-a2a-backend deepep --deepep-mode=low_latency --port 30000");
    CHECK(f.unit.layout.attention_tp == 2);
    CHECK(f.unit.layout.attention_dp == 8);
    CHECK(f.unit.layout.ep == 16);
    CHECK(f.unread == std::vector<std::string>{"--port 30000"});
    const auto doc = scenario_of(f);
    CHECK(doc["model"] == "deepseek-r1");
    CHECK(doc["layout"]["comm"] == "deepep-low-latency");
}

TEST_CASE("launch: TensorRT-LLM's own options are those of its file", "[sim][launch]") {
    const FromLaunch f = read_launch("trtllm-serve deepseek-ai/DeepSeek-V3 --tp_size 8 --ep_size 8");
    CHECK(f.unit.layout.attention_tp == 8);
    CHECK(f.unit.layout.ep == 8);
    LaunchUnit unit;
    unit.layout = layout(2, 4, 8, Comm::deepep_normal);
    CHECK(launch_of(LaunchEngine::tensorrt_llm, unit).unsaid.size() == 2);  // half of attention DP; DeepEP
}

TEST_CASE("launch: what cannot be read is said", "[sim][launch]") {
    CHECK_THROWS_WITH(read_launch("./server --tp 8"), Catch::Contains("no server that is known"));
    CHECK_THROWS_WITH(read_launch("vllm serve m --tensor-parallel-size"),
                      Catch::Contains("value is missing"));
    CHECK_THROWS_WITH(read_launch("python -m sglang.launch_server --tp 8 --dp 3"),
                      Catch::Contains("does not divide"));
    CHECK(read_launch("python -m sglang.launch_server --tp 8 --deepep-mode auto").unread ==
          std::vector<std::string>{"--deepep-mode auto"});
}
