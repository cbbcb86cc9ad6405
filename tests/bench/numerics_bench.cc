/// A whole report of `isobath numerics`, and the two loops that it spends its time in.
#include "model/numerics/quantise.h"
#include "model/numerics/synthetic.h"
#include "model/numerics/tensor_core.h"
#include "sim/numerics/report.h"
#include "tests/bench/goal.h"

namespace {

using namespace isobath;

constexpr double kReportGoalUs = 10e6, kDotGoalUs = 20, kQuantiseGoalUs = 5000;

void report(benchmark::State& state) {
    NumericsRequest request;
    request.model    = load_model(DataFiles(), "deepseek-v3");
    request.policy   = load_precision(DataFiles(), "deepseek-nvfp4");
    request.survival = {0.875, 0.532, 0.244};
    const Goal goal(state, kReportGoalUs);
    for (auto _ : state) benchmark::DoNotOptimize(numerics_report(request, DataFiles()));
}
BENCHMARK(report)->Name("numerics/report to 128K context")->Unit(benchmark::kMillisecond)->Iterations(1);

void dot(benchmark::State& state) {
    numerics::Noise noise(1);
    const numerics::Tensor x = numerics::synthetic_weights(2, 7168, noise);
    const Goal goal(state, kDotGoalUs);
    for (auto _ : state) benchmark::DoNotOptimize(numerics::dot(x.row(0), x.row(1), {14, 128}));
}
BENCHMARK(dot)->Name("numerics/14-bit dot product of 7168");

void quantise(benchmark::State& state) {
    numerics::Noise noise(1);
    const numerics::Tensor x = numerics::synthetic_activations(128, 7168, noise);
    const Goal goal(state, kQuantiseGoalUs);
    for (auto _ : state) {
        numerics::Tensor copy = x;
        benchmark::DoNotOptimize(numerics::quantise(copy, Format::nvfp4, numerics::Role::activation));
    }
}
BENCHMARK(quantise)->Name("numerics/NVFP4 of 128 x 7168");

}  // namespace
