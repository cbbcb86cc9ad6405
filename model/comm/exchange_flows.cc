#include "model/comm/exchange_flows.h"

#include <algorithm>
#include <utility>

namespace isobath {

ExchangeFlows::ExchangeFlows(const ClusterPorts& ports) : ports_(&ports), ranks_(ports.wires().ranks) {
    const auto pairs = std::size_t(ranks_) * std::size_t(ranks_);
    for (std::vector<double>* matrix : {&messages_, &copies_, &staged_, &forwarded_})
        matrix->assign(pairs, 0);
    ranks_seen_.assign(std::size_t(ranks_), 0);
    nodes_seen_.assign(std::size_t(ports.wires().nodes()), 0);
}

void ExchangeFlows::clear() {
    *this = ExchangeFlows(*ports_);
}

double& ExchangeFlows::at(std::vector<double>& matrix, int from, int to) const {
    return matrix[std::size_t(from) * std::size_t(ranks_) + std::size_t(to)];
}

void ExchangeFlows::add(int source, std::span<const int> to) {
    const ClusterWires& wires = ports_->wires();
    ++token_;
    ++tokens_;
    for (const int rank : to) {
        at(messages_, source, rank) += 1;
        const int node  = wires.node_of(rank);
        const int stage = node == wires.node_of(source)
                              ? source
                              : std::min(node * wires.ranks_per_node + wires.rail_of(source), ranks_ - 1);
        if (std::exchange(nodes_seen_[std::size_t(node)], token_) != token_) {
            ++node_copies_;
            at(staged_, source, stage) += 1;
        }
        if (std::exchange(ranks_seen_[std::size_t(rank)], token_) != token_) {
            ++rank_copies_;
            at(copies_, source, rank) += 1;
            at(forwarded_, stage, rank) += 1;
        }
    }
}

void ExchangeFlows::add_pairs(const std::vector<double>& matrix, Bytes message, bool back,
                              std::vector<Flow>& out) const {
    for (int from = 0; from < ranks_; ++from)
        for (int to = 0; to < ranks_; ++to) {
            const double count = matrix[std::size_t(from) * std::size_t(ranks_) + std::size_t(to)];
            if (count > 0 && from != to)
                out.push_back(back ? ports_->flow(to, from, count * message)
                                   : ports_->flow(from, to, count * message));
        }
}

std::vector<Flow> ExchangeFlows::flows(ExchangeMode mode, Bytes message, bool back) const {
    std::vector<Flow> out;
    if (mode == ExchangeMode::deepep_normal) {
        add_pairs(staged_, message, back, out);
        add_pairs(forwarded_, message, back, out);
    } else {
        add_pairs(mode == ExchangeMode::mnnvl ? copies_ : messages_, message, back, out);
    }
    return out;
}

double ExchangeFlows::density(ExchangeMode mode) const {
    const double all = double(ranks_) * (ranks_ - 1);
    if (all == 0) return 1;
    // Normal kernels speak to the same rail of other nodes and to their own node.
    const ClusterWires& wires = ports_->wires();
    const double ways         = mode == ExchangeMode::deepep_normal
                                    ? double(ranks_) * (wires.nodes() - 1 + wires.ranks_per_node - 1)
                                    : all;
    return double(flows(mode, unit::B).size()) / ways;
}

std::vector<double> ExchangeFlows::rows() const {
    std::vector<double> out(std::size_t(ranks_), 0);
    for (std::size_t i = 0; i < messages_.size(); ++i) out[i % std::size_t(ranks_)] += messages_[i];
    return out;
}

}  // namespace isobath
