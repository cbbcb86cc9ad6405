#include "model/balance/routed_batch.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

void require_shape(const ExpertPlacement& placement, const BatchShape& s) {
    if (s.gpus_per_node < 1 || placement.gpus % s.gpus_per_node != 0)
        throw SpecError(
            fmt::format("{} GPUs in nodes of {}; expected whole nodes", placement.gpus, s.gpus_per_node));
    if (s.tokens_per_gpu < 1 || s.block < 1 || s.top_k < 1 || s.top_k > placement.experts)
        throw SpecError(
            fmt::format("{} tokens per GPU, blocks of {} rows, top_k {} of {}; expected at least 1 each",
                        s.tokens_per_gpu, s.block, s.top_k, placement.experts));
}

/// Follows one token after another.
class Router {
  public:
    Router(const ExpertPlacement& placement, int layer, const BatchShape& shape)
        : p_(placement),
          s_(shape),
          layer_(layer),
          turn_(std::size_t(p_.experts)),
          rank_seen_(std::size_t(p_.gpus), -1),
          node_seen_(std::size_t(p_.gpus / s_.gpus_per_node), -1) {
        const auto gpus = std::size_t(p_.gpus);
        out.experts.resize(std::size_t(p_.experts));
        out.slots.resize(std::size_t(p_.replicas));
        for (auto* counts : {&out.rank_pairs, &out.rank_tokens, &out.rank_rows, &out.pairs_in, &out.pairs_out,
                             &out.copies_in, &out.copies_out, &out.crossings_in, &out.crossings_out})
            counts->resize(gpus);
    }

    void send(int sender, std::span<const int> experts, Random& random) {
        ++token_;
        for (const int expert : experts) send_pair(sender, expert, random);
    }

    void finish() {
        const double tokens = double(token_);
        out.distinct_ranks /= tokens;
        out.distinct_nodes /= tokens;
        for (std::size_t slot = 0; slot < out.slots.size(); ++slot)
            out.rank_rows[std::size_t(p_.gpu_of(int(slot)).value)] +=
                std::ceil(out.slots[slot] / s_.block) * s_.block;
    }

    RoutedBatch out;

  private:
    int slot_for(int expert, Random& random) {
        const auto slots       = p_.slots_of(layer_, LogicalExpert{expert});
        const std::size_t copy = s_.copies == CopyChoice::even ? turn_[std::size_t(expert)]++ % slots.size()
                                                               : draw_index(random, slots.size());
        return slots[copy].value;
    }

    void send_pair(int sender, int expert, Random& random) {
        const int slot = slot_for(expert, random), rank = p_.gpu_of(slot).value;
        ++out.experts[std::size_t(expert)];
        ++out.slots[std::size_t(slot)];
        ++out.rank_pairs[std::size_t(rank)];
        if (rank != sender) count(out.pairs_out, sender, out.pairs_in, rank);
        if (std::exchange(rank_seen_[std::size_t(rank)], token_) != token_) send_copy(sender, rank);
    }

    void send_copy(int sender, int rank) {
        const int node = rank / s_.gpus_per_node;
        ++out.distinct_ranks;
        ++out.rank_tokens[std::size_t(rank)];
        if (rank != sender) count(out.copies_out, sender, out.copies_in, rank);
        if (std::exchange(node_seen_[std::size_t(node)], token_) == token_) return;
        ++out.distinct_nodes;
        if (node != sender / s_.gpus_per_node)
            count(out.crossings_out, sender, out.crossings_in,
                  node * s_.gpus_per_node + sender % s_.gpus_per_node);
    }

    static void count(std::vector<double>& from, int sender, std::vector<double>& to, int rank) {
        ++from[std::size_t(sender)];
        ++to[std::size_t(rank)];
    }

    const ExpertPlacement& p_;
    BatchShape s_;
    int layer_;
    long token_ = 0;
    std::vector<std::size_t> turn_;
    std::vector<long> rank_seen_, node_seen_;
};

}  // namespace

RoutedBatch route_batch(const ExpertPlacement& placement, int layer, const BatchShape& shape,
                        const ExpertChoice& choose, Random& random) {
    require_shape(placement, shape);
    Router router(placement, layer, shape);
    std::vector<int> experts(static_cast<std::size_t>(shape.top_k));
    for (int sender = 0; sender < placement.gpus; ++sender)
        for (int t = 0; t < shape.tokens_per_gpu; ++t) {
            choose(random, experts);
            router.send(sender, experts, random);
        }
    router.finish();
    return std::move(router.out);
}

}  // namespace isobath
