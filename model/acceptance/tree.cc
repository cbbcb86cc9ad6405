#include "model/acceptance/tree.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <queue>

namespace isobath {
namespace {

/// A candidate that could be the next node.
struct Candidate {
    double survival;
    int parent, depth, rank;
    /// Higher survival first; of equals, the shallower and the lower rank.
    bool operator<(const Candidate& o) const {
        if (survival != o.survival) return survival < o.survival;
        if (depth != o.depth) return depth > o.depth;
        return rank > o.rank;
    }
};

double chance_of(const RankChances& chances, int depth, int rank) {
    const auto d = static_cast<std::size_t>(depth - 1), r = static_cast<std::size_t>(rank);
    return d < chances.size() && r < chances[d].size() ? chances[d][r] : 0;
}

using Queue = std::priority_queue<Candidate>;

void offer(Queue& queue, const RankChances& chances, int parent, double parent_survival, int depth,
           int rank) {
    const double chance = chance_of(chances, depth, rank);
    if (chance > 0) queue.push({parent_survival * chance, parent, depth, rank});
}

/// The `nodes` nodes of highest survival, in an order that keeps parents first.
CandidateTree pruned(const CandidateTree& tree, int nodes) {
    std::vector<int> order(tree.nodes.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
        return tree.nodes[static_cast<std::size_t>(a)].survival >
               tree.nodes[static_cast<std::size_t>(b)].survival;
    });
    order.resize(std::min(order.size(), static_cast<std::size_t>(std::max(0, nodes))));
    std::sort(order.begin(), order.end());
    std::vector<int> place(tree.nodes.size(), -1);
    CandidateTree out;
    for (const int i : order) {
        CandidateTree::Node node = tree.nodes[static_cast<std::size_t>(i)];
        if (node.parent >= 0) node.parent = place[static_cast<std::size_t>(node.parent)];
        place[static_cast<std::size_t>(i)] = out.size();
        out.nodes.push_back(node);
    }
    return out;
}

/// Indices of the `width` nodes of highest survival among those from `begin` on.
std::vector<int> best_of(const CandidateTree& tree, int begin, int width) {
    std::vector<int> out(static_cast<std::size_t>(tree.size() - begin));
    std::iota(out.begin(), out.end(), begin);
    std::stable_sort(out.begin(), out.end(), [&](int a, int b) {
        return tree.nodes[static_cast<std::size_t>(a)].survival >
               tree.nodes[static_cast<std::size_t>(b)].survival;
    });
    out.resize(std::min(out.size(), static_cast<std::size_t>(width)));
    return out;
}

}  // namespace

int CandidateTree::depth() const {
    int deepest = 0;
    for (const Node& n : nodes) deepest = std::max(deepest, n.depth);
    return deepest;
}

double tokens_per_step(const CandidateTree& tree) {
    double sum = 1;
    for (const CandidateTree::Node& n : tree.nodes) sum += n.survival;
    return sum;
}

/// A node brings two candidates: its first child and its next sibling; so no candidate is missed while the
/// ranks of a row fall.
CandidateTree best_tree(const RankChances& chances, int nodes) {
    CandidateTree tree;
    Queue queue;
    offer(queue, chances, -1, 1, 1, 0);
    while (tree.size() < nodes && !queue.empty()) {
        const Candidate c = queue.top();
        queue.pop();
        const int self = tree.size();
        tree.nodes.push_back({c.parent, c.depth, c.rank, c.survival});
        const double above = c.parent < 0 ? 1 : tree.nodes[static_cast<std::size_t>(c.parent)].survival;
        offer(queue, chances, c.parent, above, c.depth, c.rank + 1);
        offer(queue, chances, self, c.survival, c.depth + 1, 0);
    }
    return tree;
}

CandidateTree grown_tree(const RankChances& confidences, int width, int depth, int nodes) {
    CandidateTree all;
    std::vector<int> frontier{-1};
    for (int d = 1; d <= depth && !frontier.empty(); ++d) {
        const int begin = all.size();
        for (const int parent : frontier) {
            const double above = parent < 0 ? 1 : all.nodes[static_cast<std::size_t>(parent)].survival;
            for (int r = 0; r < width; ++r)
                if (const double c = chance_of(confidences, d, r); c > 0)
                    all.nodes.push_back({parent, d, r, above * c});
        }
        frontier = best_of(all, begin, width);
    }
    return pruned(all, nodes);
}

RankChances rank_chances(std::span<const double> survival, int width) {
    constexpr std::array<double, 4> kShares{0.28, 0.17, 0.14, 0.12};
    RankChances out;
    double before = 1;
    for (const double s : survival) {
        const double first = before > 0 ? s / before : 0;
        std::vector<double> row{first};
        double left = 1 - first;
        for (int r = 1; r < width && r <= static_cast<int>(kShares.size()); ++r) {
            row.push_back(std::min(row.back(), left * kShares[static_cast<std::size_t>(r - 1)]));
            left -= row.back();
        }
        out.push_back(std::move(row));
        before = s;
    }
    return out;
}

}  // namespace isobath
