/// The ports of a cluster, and which of them a message passes.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/cluster.h"
#include "model/comm/fluid.h"

namespace isobath {

/// What a cluster is wired like: every GPU has an NVLink port and a NIC, each with two directions.
struct ClusterWires {
    int ranks = 1, ranks_per_node = 1;  ///< a node is an NVLink domain
    BytesPerSecond nvlink, nic;         ///< one direction, as achieved
    Seconds nvlink_latency, nic_latency;
    /// Rails of a fat tree: nodes under one leaf switch, whose uplinks, `nodes_per_leaf` of them at NIC
    /// speed, a message takes by its hash. 0: a rail never leaves its leaf.
    int nodes_per_leaf = 0;

    int nodes() const { return (ranks + ranks_per_node - 1) / ranks_per_node; }
    int node_of(int rank) const { return rank / ranks_per_node; }
    int rail_of(int rank) const { return rank % ranks_per_node; }
};

/// Ports by number: for each rank NIC out, NIC in, NVLink out, NVLink in; then uplinks and downlinks of
/// leaves.
class ClusterPorts {
  public:
    /// Throws std::logic_error unless the counts are positive.
    explicit ClusterPorts(const ClusterWires& wires);

    const ClusterWires& wires() const { return wires_; }
    const std::vector<BytesPerSecond>& bandwidth() const { return bandwidth_; }

    int nic_out(int rank) const { return rank; }
    int nic_in(int rank) const { return wires_.ranks + rank; }
    int nvlink_out(int rank) const { return 2 * wires_.ranks + rank; }
    int nvlink_in(int rank) const { return 3 * wires_.ranks + rank; }
    /// "gpu 3 nic in", "leaf 0 uplink 2".
    std::string name_of(int port) const;

    /// A message from rank to rank: over NVLink inside a node, else over the NICs. Between leaves it also
    /// takes the uplink and downlink that a hash of the pair picks. Nothing moves between a rank and itself.
    Flow flow(int from, int to, Bytes bytes, Seconds start = {}) const;

  private:
    int leaf_of(int rank) const;
    void add_uplinks(Flow& flow, int from, int to) const;

    ClusterWires wires_;
    int leaves_ = 0;
    std::vector<BytesPerSecond> bandwidth_;
};

}  // namespace isobath
