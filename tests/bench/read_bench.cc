/// The price of reading a file: a hundredth of a window's 16 ms frame, so a form can re-read at every key.
#include <nlohmann/json.hpp>

#include "hw/data.h"
#include "hw/spec_reader.h"
#include "tests/bench/goal.h"

namespace {

using namespace isobath;

constexpr double kGoalUs = 160;

void parse(benchmark::State& state, const std::string& file) {
    const std::string text = DataFiles().find(file).value();
    const Goal goal(state, kGoalUs);
    for (auto _ : state) benchmark::DoNotOptimize(parse_json(text, file));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

BENCHMARK_CAPTURE(parse, gpu, "scenarios/gpus/h800.json");
BENCHMARK_CAPTURE(parse, model, "scenarios/models/deepseek-v3.json");

}  // namespace
