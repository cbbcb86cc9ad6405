#include "sim/served/bench_files.h"

#include "hw/spec_reader.h"
#include "tests/catch.h"

using namespace isobath;

TEST_CASE("bench files: a line of sglang.bench_serving gives clients, mean lengths and means",
          "[sim][served]") {
    const auto runs = read_bench(R"({"backend": "sglang", "dataset_name": "random", "max_concurrency": 64,
        "completed": 640, "total_input_tokens": 589824, "total_output_tokens": 576000,
        "mean_ttft_ms": 418.6, "mean_tpot_ms": 33.0})",
                                 "x.json");
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].tool == "sglang.bench_serving");
    CHECK(runs[0].concurrency == 64);
    CHECK(runs[0].prompt == Approx(921.6));
    CHECK(runs[0].answer == Approx(900));
    CHECK(runs[0].tpot.in(unit::ms) == Approx(33.0));
}

TEST_CASE("bench files: one run a line is read line by line", "[sim][served]") {
    const std::string line = R"({"max_concurrency": 4, "completed": 40, "mean_tpot_ms": 10})";
    CHECK(read_bench(line + "\n" + line + "\n\n", "x.jsonl").size() == 2);
}

TEST_CASE("bench files: AIPerf and InferenceX name the same things differently", "[sim][served]") {
    const auto aiperf = read_bench(R"({"time_to_first_token": {"unit": "ms", "avg": 200},
        "inter_token_latency": {"unit": "ms", "avg": 12.5}, "input_sequence_length": {"avg": 1000},
        "output_sequence_length": {"avg": 500}, "input_config": {"loadgen": {"concurrency": 8}}})",
                                   "a.json");
    CHECK(aiperf[0].concurrency == 8);
    CHECK(aiperf[0].tpot.in(unit::ms) == Approx(12.5));
    const auto inferencex = read_bench(
        R"({"hw": "h200", "conc": 16, "isl": 1024, "osl": 1024, "mean_tpot": 0.0166, "mean_ttft": 0.3})",
        "i.json");
    CHECK(inferencex[0].tpot.in(unit::ms) == Approx(16.6));
    CHECK(inferencex[0].prompt == 1024);
}

TEST_CASE("bench files: an SGLang log tells the time per token at each number of requests", "[sim][served]") {
    // 32 requests at 1600 tokens/s: each waits 20 ms for a token.
    std::string log = "[2026-01-01 00:00:00 TP0] Prefill batch, #new-seq: 1, #new-token: 900\n";
    for (int i = 0; i < 4; ++i)
        log +=
            "[2026-01-01 00:00:0" + std::to_string(i) +
            " TP0] Decode batch, #running-req: 32, #token: 48000, token usage: 0.29, cuda graph: True, gen "
            "throughput (token/s): 1600.00, #queue-req: 0\n";
    const auto runs = read_bench(log, "server.log");
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].tpot.in(unit::ms) == Approx(20));
    CHECK(runs[0].prompt == Approx(1500));
}

TEST_CASE("bench files: what is no benchmark says what would be one", "[sim][served]") {
    CHECK_THROWS_WITH(
        read_bench("{\"a\": 1}", "x.json"),
        "x.json: /: no benchmark result that Isobath knows; allowed: sglang.bench_serving, vllm bench "
        "serve, AIPerf's profile_export_aiperf.json, InferenceX");
    CHECK_THROWS_AS(read_bench(R"({"mean_tpot_ms": 10, "request_rate": 4})", "x.json"), SpecError);
    CHECK_THROWS_AS(read_bench("not json", "x.json"), SpecError);
    CHECK_THROWS_AS(read_bench("", "x.json"), SpecError);
}
