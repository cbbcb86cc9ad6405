/// The price of an exchange at 320 ranks: its closed form stands in every step of a sweep, the fluid one is
/// asked where traffic is sparse or overlaps.
#include <random>

#include "hw/data.h"
#include "model/comm/exchange_flows.h"
#include "model/comm/network.h"
#include "tests/bench/goal.h"

namespace {

using namespace isobath;

constexpr double kClosedGoalUs = 10, kFluidGoalUs = 60e3,
                 kExactGoalUs = 1.74e6;  // what a prototype of this solver took

ClusterPorts cluster() {
    return ClusterPorts({320, 8, 160 * unit::GB / unit::s, 50 * unit::GB / unit::s, {}, {}, 0});
}

/// 4096 tokens of every rank, top 8 of 320 experts, four hot ones in each hundred.
ExchangeFlows exchange_of(const ClusterPorts& ports) {
    std::mt19937_64 random(1);
    ExchangeFlows out(ports);
    std::vector<int> to(8);
    for (int token = 0; token < 320 * 256; ++token) {
        for (int& rank : to) rank = int(random() % 4 == 0 ? random() % 13 * 25 : random() % 320);
        out.add(token % 320, to);
    }
    return out;
}

void closed_form(benchmark::State& state) {
    const auto library = load_comm_library(DataFiles(), "deepep-v1-2025-06");
    ExchangeShape shape{320, 8, 320, 8};
    shape.hidden       = 7168;
    const auto traffic = traffic_of(shape, ExchangeMode::deepep_normal, library);
    ClusterSpec h800{load_gpu(DataFiles(), "h800"), 40, 8, 8, load_nic(DataFiles(), "cx7-400g")};
    const CommRates rates = resolve(library, h800);
    const Goal goal(state, kClosedGoalUs);
    for (auto _ : state) benchmark::DoNotOptimize(exchange(rates, traffic, 4096));
}
BENCHMARK(closed_form)->Name("network/closed form EP320");

void fluid(benchmark::State& state, double batching, double goal_us) {
    const ClusterPorts ports = cluster();
    const auto flows         = exchange_of(ports).flows(ExchangeMode::deepep_normal, 7472 * unit::B);
    state.counters["flows"]  = double(flows.size());
    const Goal goal(state, goal_us);
    for (auto _ : state) benchmark::DoNotOptimize(share_ports(ports.bandwidth(), flows, batching));
}
BENCHMARK_CAPTURE(fluid, hierarchical EP320 at 1 %, 0.01, kFluidGoalUs)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fluid, hierarchical EP320 exact, 0, kExactGoalUs)->Unit(benchmark::kMillisecond);

}  // namespace
