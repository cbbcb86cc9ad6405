/// Results that serving benchmarks write: means over the requests of a closed loop.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hw/units.h"

namespace isobath {

/// One run of a benchmark.
struct BenchRun {
    std::string file,
        tool;  ///< tool: "sglang.bench_serving", "vllm bench serve", "AIPerf", "InferenceX", "server log"
    double concurrency = 0;
    double prompt = 0, answer = 0;  ///< mean tokens; 0: the file does not say
    double requests = 0;            ///< 0: not said
    Seconds tpot, ttft;             ///< 0: not said
};

/// Runs in one file: a JSON object, JSON lines (sglang appends a line per run), or the log of an SGLang
/// server, whose "Decode batch" lines tell the time per token at each number of running requests.
///
/// Throws SpecError if the file is none of these, or lacks concurrency (an open loop has none) or times.
std::vector<BenchRun> read_bench(std::string_view text, const std::string& file);

}  // namespace isobath
