/// The messages of one dispatch between every pair of ranks, counted from the experts that tokens chose.
#pragma once

#include <span>
#include <vector>

#include "model/comm/cluster_ports.h"
#include "model/comm/exchange_traffic.h"

namespace isobath {

/// Counts messages token by token. A combine takes the same ways back.
class ExchangeFlows {
  public:
    explicit ExchangeFlows(const ClusterPorts& ports);

    /// A token of rank `source` whose experts live on the ranks `to` (one entry per chosen expert).
    void add(int source, std::span<const int> to);
    void clear();

    /// Flows of a dispatch: low latency sends one message per token and expert; normal kernels send one per
    /// node to the GPU of the same rail, which forwards one per rank over NVLink, both at once (pipelined).
    /// NCCL's all-to-all is as low latency, MNNVL one copy per rank. Pairs without messages have no flow.
    ///
    /// `back`: the same bytes the other way, as a combine.
    std::vector<Flow> flows(ExchangeMode mode, Bytes message, bool back = false) const;

    /// Share of the pairs of different ranks that exchange a message.
    double density(ExchangeMode mode) const;
    /// Mean distinct ranks and nodes of a token.
    double distinct_ranks() const { return tokens_ > 0 ? rank_copies_ / tokens_ : 0; }
    double distinct_nodes() const { return tokens_ > 0 ? node_copies_ / tokens_ : 0; }
    /// Messages into each rank from any rank, its own too: what its experts compute on (low latency).
    std::vector<double> rows() const;

  private:
    double& at(std::vector<double>& matrix, int from, int to) const;
    void add_pairs(const std::vector<double>& matrix, Bytes message, bool back, std::vector<Flow>& out) const;

    const ClusterPorts* ports_;
    int ranks_;
    std::vector<double> messages_;   ///< [ranks x ranks] one per token and expert
    std::vector<double> copies_;     ///< one per token and distinct rank
    std::vector<double> staged_;     ///< one per token and distinct other node, to the same rail there
    std::vector<double> forwarded_;  ///< one per token and distinct rank, from the GPU that staged it
    std::vector<int> ranks_seen_, nodes_seen_;  ///< the token that was last counted there
    int token_     = 0;
    double tokens_ = 0, rank_copies_ = 0, node_copies_ = 0;
};

/// Which tier answers: flows of less than half of all pairs leave ports idle that the busiest port's bound
/// does not see (up to 14 % at a tenth of the pairs), and so do several collectives at once.
enum class NetworkTier : std::uint8_t { bottleneck, fluid };
constexpr NetworkTier tier_for(double density, bool overlapping) {
    return density < 0.5 || overlapping ? NetworkTier::fluid : NetworkTier::bottleneck;
}

}  // namespace isobath
