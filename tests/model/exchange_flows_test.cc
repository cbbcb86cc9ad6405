#include "model/comm/exchange_flows.h"

#include <random>

#include "model/comm/network.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

constexpr Bytes kMessage = 7408 * unit::B;

ClusterPorts cluster(int ranks, int per_node, int per_leaf = 0) {
    return ClusterPorts(
        {ranks, per_node, 160 * unit::GB / unit::s, 50 * unit::GB / unit::s, {}, {}, per_leaf});
}

/// `tokens` of every rank choose top 8 of 256 experts at random; experts lie evenly over the ranks.
ExchangeFlows random_exchange(const ClusterPorts& ports, int tokens) {
    std::mt19937_64 random(3);
    ExchangeFlows out(ports);
    const int ranks = ports.wires().ranks, each = 256 / ranks;
    std::vector<int> experts(256), to;
    for (int i = 0; i < 256; ++i) experts[std::size_t(i)] = i;
    for (int token = 0; token < ranks * tokens; ++token) {
        to.clear();
        for (std::size_t i = 0; i < 8; ++i) {
            std::swap(experts[i], experts[i + random() % (256 - i)]);
            to.push_back(experts[i] / each);
        }
        out.add(token % ranks, to);
    }
    return out;
}

}  // namespace

// Two nodes of two; rank 0's token has experts on ranks 1, 2, 2, 3. Low latency: one message to 1, two to 2,
// one to 3. Normal: one copy to rank 2 (its rail) over the NICs, forwarded to 3; one to 1 over NVLink.
TEST_CASE("exchange flows: a token's messages take the ways of its kernels", "[model][network]") {
    const ClusterPorts ports = cluster(4, 2);
    ExchangeFlows exchange(ports);
    exchange.add(0, std::vector{1, 2, 2, 3});
    const auto bytes = [&](ExchangeMode mode, int port, bool back = false) {
        return port_bytes(exchange.flows(mode, unit::B, back), ports.bandwidth().size())[std::size_t(port)]
            .base();
    };
    const auto latency = ExchangeMode::deepep_low_latency, normal = ExchangeMode::deepep_normal;
    CHECK(bytes(latency, ports.nic_in(2)) == 2);
    CHECK(bytes(latency, ports.nic_in(3)) == 1);
    CHECK(bytes(latency, ports.nvlink_in(1)) == 1);
    CHECK(bytes(normal, ports.nic_out(0)) == 1);
    CHECK(bytes(normal, ports.nic_in(2)) == 1);
    CHECK(bytes(normal, ports.nic_in(3)) == 0);
    CHECK(bytes(normal, ports.nvlink_in(3)) == 1);
    CHECK(bytes(normal, ports.nvlink_in(1)) == 1);
    CHECK(bytes(normal, ports.nic_in(0), true) == 1);
    CHECK(exchange.distinct_ranks() == 3);
    CHECK(exchange.distinct_nodes() == 2);
    CHECK(exchange.rows() == std::vector<double>{0, 1, 2, 1});
}

// 32 ranks, 8 a node, 4096 tokens each: exact expectations of the same routing (routing.h) against the count.
TEST_CASE("exchange flows: counted traffic is what the routing's statistics say", "[model][network]") {
    const ClusterPorts ports     = cluster(32, 8);
    const ExchangeFlows exchange = random_exchange(ports, 512);
    const Gate gate{256, 8};
    const GateSpread spread = spread_of(gate);
    CHECK(exchange.distinct_ranks() == Approx(distinct_units(gate, spread, 32)).epsilon(0.01));
    CHECK(exchange.distinct_nodes() == Approx(distinct_units(gate, spread, 4)).epsilon(0.01));
}

TEST_CASE("exchange flows: dense traffic takes what its busiest port takes", "[model][network]") {
    for (const int ranks : {16, 32, 64}) {
        const ClusterPorts ports     = cluster(ranks, 8);
        const ExchangeFlows exchange = random_exchange(ports, 64);
        for (const ExchangeMode mode : {ExchangeMode::deepep_normal, ExchangeMode::deepep_low_latency}) {
            const auto flows      = exchange.flows(mode, kMessage);
            const Seconds bound   = bottleneck(ports.bandwidth(), flows);
            const FluidResult all = share_ports(ports.bandwidth(), flows);
            CHECK(all.makespan >= bound * (1 - 1e-12));
            CHECK(all.makespan / bound < 1.01);
            CHECK(tier_for(exchange.density(mode), false) == NetworkTier::bottleneck);
        }
    }
}

TEST_CASE("exchange flows: a tiny batch is sparse, so flows are followed one by one", "[model][network]") {
    const ClusterPorts ports     = cluster(32, 8);
    const ExchangeFlows exchange = random_exchange(ports, 1);
    CHECK(exchange.density(ExchangeMode::deepep_low_latency) < 0.5);
    CHECK(tier_for(exchange.density(ExchangeMode::deepep_low_latency), false) == NetworkTier::fluid);
}

// Hashed uplinks carry several flows where others carry none: published fluid runs of such fabrics lose 3 to
// 27 % against the bound of the hosts' ports, and nothing against a bound that counts the uplinks.
TEST_CASE("exchange flows: hashed uplinks are ports as any other", "[model][network]") {
    const ClusterPorts flat = cluster(64, 8), tree = cluster(64, 8, 4);
    CHECK(tree.bandwidth().size() == flat.bandwidth().size() + 2 * 16 * 4);
    const auto through = [](const ClusterPorts& ports) {
        return random_exchange(ports, 64).flows(ExchangeMode::deepep_normal, kMessage);
    };
    const Seconds within = share_ports(flat.bandwidth(), through(flat)).makespan;
    const Seconds across = share_ports(tree.bandwidth(), through(tree)).makespan;
    CHECK(across > within);
    CHECK(across / bottleneck(tree.bandwidth(), through(tree)) < 1.05);
    CHECK(tree.name_of(4 * 64) == "leaf 0 uplink 0");
    CHECK(tree.name_of(tree.nvlink_in(5)) == "gpu 5 nvlink in");
}
