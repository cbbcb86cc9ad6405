#include "model/comm/cluster_ports.h"

#include <stdexcept>

namespace isobath {
namespace {

/// Spreads pairs of ranks over uplinks as a switch's hash would (the finaliser of SplitMix64).
std::uint64_t hash_of(std::uint64_t from, std::uint64_t to) {
    std::uint64_t x = (from << 32 | to) + 0x9E3779B97F4A7C15ULL;
    x               = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ULL;
    x               = (x ^ x >> 27) * 0x94D049BB133111EBULL;
    return x ^ x >> 31;
}

}  // namespace

ClusterPorts::ClusterPorts(const ClusterWires& wires) : wires_(wires) {
    if (wires.ranks < 1 || wires.ranks_per_node < 1 || wires.nodes_per_leaf < 0)
        throw std::logic_error("ClusterPorts: counts must be positive");
    const auto ranks = static_cast<std::size_t>(wires.ranks);
    bandwidth_.assign(2 * ranks, wires.nic);
    bandwidth_.insert(bandwidth_.end(), 2 * ranks, wires.nvlink);
    if (wires.nodes_per_leaf == 0 || wires.nodes_per_leaf >= wires.nodes()) return;
    leaves_ = wires.ranks_per_node * ((wires.nodes() + wires.nodes_per_leaf - 1) / wires.nodes_per_leaf);
    bandwidth_.insert(bandwidth_.end(), std::size_t(2 * leaves_ * wires.nodes_per_leaf), wires.nic);
}

/// Every rail has leaves of its own.
int ClusterPorts::leaf_of(int rank) const {
    return wires_.node_of(rank) / wires_.nodes_per_leaf * wires_.ranks_per_node + wires_.rail_of(rank);
}

std::string ClusterPorts::name_of(int port) const {
    constexpr const char* kinds[] = {" nic out", " nic in", " nvlink out", " nvlink in"};
    const int ranks               = wires_.ranks;
    if (port < 4 * ranks) return "gpu " + std::to_string(port % ranks) + kinds[port / ranks];
    const int at = port - 4 * ranks, up = leaves_ * wires_.nodes_per_leaf;
    return "leaf " + std::to_string(at % up / wires_.nodes_per_leaf) + (at < up ? " uplink " : " downlink ") +
           std::to_string(at % wires_.nodes_per_leaf);
}

void ClusterPorts::add_uplinks(Flow& flow, int from, int to) const {
    if (leaves_ == 0 || leaf_of(from) == leaf_of(to)) return;
    const int links = wires_.nodes_per_leaf, first = 4 * wires_.ranks;
    const int way = static_cast<int>(hash_of(std::uint64_t(from), std::uint64_t(to)) % std::uint64_t(links));
    flow.ports[2] = first + leaf_of(from) * links + way;
    flow.ports[3] = first + (leaves_ + leaf_of(to)) * links + way;
}

Flow ClusterPorts::flow(int from, int to, Bytes bytes, Seconds start) const {
    if (from == to) return {{-1, -1, -1, -1}, Bytes{}, start};
    if (wires_.node_of(from) == wires_.node_of(to))
        return {{nvlink_out(from), nvlink_in(to), -1, -1}, bytes, start + wires_.nvlink_latency};
    Flow out{{nic_out(from), nic_in(to), -1, -1}, bytes, start + wires_.nic_latency};
    add_uplinks(out, from, to);
    return out;
}

}  // namespace isobath
