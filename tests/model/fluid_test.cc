#include "model/comm/fluid.h"

#include <nlohmann/json.hpp>
#include <random>

#include "hw/spec_reader.h"
#include "model/comm/cluster_ports.h"
#include "tests/catch.h"
#include "tests/shared_data.h"

using namespace isobath;

namespace {

constexpr BytesPerSecond kGB = unit::GB / unit::s;

Flow flow(int from, int to, double gigabytes, double start = 0) {
    return {{from, to, -1, -1}, gigabytes * unit::GB, start * unit::s};
}

std::vector<double> ends(const std::vector<BytesPerSecond>& ports, const std::vector<Flow>& flows) {
    std::vector<double> out;
    for (const Seconds end : share_ports(ports, flows).finish) out.push_back(end.base());
    return out;
}

/// The farthest that any flow ends from where SimGrid ends it, relative.
double worst_against_simgrid(const std::filesystem::path& file) {
    const nlohmann::json oracle = read_json(file);
    const int gpus              = oracle["gpus"];
    std::vector<BytesPerSecond> ports(std::size_t(2 * gpus),
                                      oracle["bw"]["nic"].get<double>() * unit::B / unit::s);
    ports.resize(std::size_t(4 * gpus), oracle["bw"]["nvl"].get<double>() * unit::B / unit::s);
    std::vector<Flow> flows;
    for (const auto& f : oracle["flows"]) {
        const int from = f[0], to = f[1];
        const double latency = 2 * oracle["link_latency_s"][from < 2 * gpus ? "nic" : "nvl"].get<double>();
        flows.push_back({{from, to, -1, -1}, f[2].get<double>() * unit::B, latency * unit::s});
    }
    const FluidResult result = share_ports(ports, flows);
    double worst             = 0;
    for (std::size_t i = 0; i < flows.size(); ++i)
        worst = std::max(worst, std::abs(result.finish[i].base() / oracle["flows"][i][3].get<double>() - 1));
    CHECK(result.makespan.base() == Approx(oracle["makespan_s"].get<double>()).epsilon(1e-4));
    CHECK(result.makespan >= bottleneck(ports, flows) * (1 - 1e-12));
    return worst;
}

std::vector<Flow> random_flows(std::mt19937_64& random, int ports, int count) {
    std::vector<Flow> flows;
    for (int i = 0; i < count; ++i)
        flows.push_back(flow(int(random() % std::uint64_t(ports)),
                             ports + int(random() % std::uint64_t(ports)), 1 + double(random() % 1000) / 100,
                             double(random() % 3)));
    return flows;
}

}  // namespace

// Port 0 sends 2 GB to port 2 and 2 GB to port 3, port 1 sends 3 GB to port 3, 1 GB/s each. Shares are 1/2
// all round at first; at 4 s the first two have ended (2 GB each), the third has 1 GB left and port 3 to
// itself: 5.
TEST_CASE("fluid: flows share a port evenly and take what others leave", "[model][fluid]") {
    const std::vector<BytesPerSecond> ports(4, kGB);
    CHECK(ends(ports, {flow(0, 2, 2), flow(0, 3, 2), flow(1, 3, 3)}) == std::vector<double>{4, 4, 5});
}

// Four flows into port 4 (1/4 each) leave port 0's other flow 3/4 of its port: 3 GB end at 4 s, as the rest
// do.
TEST_CASE("fluid: a flow that is not held up elsewhere takes the rest of its port", "[model][fluid]") {
    const std::vector<BytesPerSecond> ports(6, kGB);
    const auto end = ends(ports, {flow(0, 4, 1), flow(1, 4, 1), flow(2, 4, 1), flow(3, 4, 1), flow(0, 5, 3)});
    CHECK(end == std::vector<double>{4, 4, 4, 4, 4});
}

// Alone for 1 s (1 of 2 GB), then half the port: the first ends at 3 s; the second, 2 GB from 1 s, at 4 s.
TEST_CASE("fluid: a later start shares from then on", "[model][fluid]") {
    const std::vector<BytesPerSecond> ports(3, kGB);
    CHECK(ends(ports, {flow(0, 2, 2), flow(1, 2, 2, 1)}) == std::vector<double>{3, 4});
    CHECK(ends(ports, {flow(0, 2, 1), flow(1, 2, 1, 7)}) == std::vector<double>{1, 8});
}

TEST_CASE("fluid: nothing to move ends when it starts", "[model][fluid]") {
    const std::vector<BytesPerSecond> ports(2, kGB);
    CHECK(ends(ports, {flow(0, 1, 0, 2), {}}) == std::vector<double>{2, 0});
    CHECK(share_ports(ports, {}).makespan == Seconds{});
    CHECK_THROWS_AS(share_ports(ports, std::vector{flow(0, 2, 1)}), std::logic_error);
}

TEST_CASE("fluid: no schedule beats the busiest port, and rough ones come close", "[model][fluid]") {
    std::mt19937_64 random(1);
    const std::vector<BytesPerSecond> ports(16, kGB);
    for (int trial = 0; trial < 50; ++trial) {
        const auto flows    = random_flows(random, 8, 40);
        const Seconds exact = share_ports(ports, flows).makespan;
        const Seconds rough = share_ports(ports, flows, 0.01).makespan;
        CHECK(exact >= bottleneck(ports, flows) * (1 - 1e-12));
        CHECK(rough >= bottleneck(ports, flows) * (1 - 1e-12));
        CHECK(rough / exact == Approx(1).epsilon(0.02));
    }
}

// No port is ever over-full: bytes through it by any moment are at most bandwidth times the time since start.
TEST_CASE("fluid: more bandwidth or fewer bytes never end a schedule later", "[model][fluid]") {
    std::mt19937_64 random(2);
    for (int trial = 0; trial < 50; ++trial) {
        auto flows          = random_flows(random, 6, 25);
        const Seconds base  = share_ports(std::vector<BytesPerSecond>(12, kGB), flows).makespan;
        const Seconds twice = share_ports(std::vector<BytesPerSecond>(12, 2 * kGB), flows).makespan;
        CHECK(twice <= base);
        for (Flow& f : flows) f.bytes = f.bytes / 2;
        CHECK(share_ports(std::vector<BytesPerSecond>(12, kGB), flows).makespan <= base);
    }
}

TEST_CASE("fluid: every flow ends where SimGrid ends it", "[model][fluid]") {
    const auto folder = test::shared_data("net_oracle");
    if (folder.empty()) return;
    for (const char* name : {"hier_16", "hier_32", "hier_64", "direct_16", "direct_32"}) {
        INFO(name);
        CHECK(worst_against_simgrid(folder / (std::string(name) + ".json")) < 1e-4);
    }
}
