/// What a person waits for before any answer: reading a scenario, and the whole program.
#include <cstdlib>
#include <stdexcept>

#include "sim/scenario_reader.h"
#include "sim/step.h"
#include "tests/bench/goal.h"

namespace {

using namespace isobath;

const char* const kScenario = "deepseek-v3-decode-ep128-h800";

/// A form in a window may read the scenario again at every key.
void read_scenario(benchmark::State& state) {
    const DataFiles data;
    const Goal goal(state, 1000);
    for (auto _ : state) benchmark::DoNotOptimize(load_scenario(kScenario, data));
}
BENCHMARK(read_scenario);

void resolve_model(benchmark::State& state) {
    const DataFiles data;
    const Scenario scenario = load_scenario(kScenario, data);
    const Goal goal(state, 1000);
    for (auto _ : state) benchmark::DoNotOptimize(StepModel(scenario, data).expected_max());
}
BENCHMARK(resolve_model);

/// `isobath run` as a process, its shell included: faster than an eye notices.
void process(benchmark::State& state) {
    const std::string command = std::string(ISOBATH_BINARY) + " run " + kScenario + " > /dev/null";
    const Goal goal(state, 50'000);
    for (auto _ : state)
        if (std::system(command.c_str()) != 0) throw std::runtime_error(command);
}
BENCHMARK(process)->UseRealTime();

}  // namespace
