#include "model/balance/eplb.h"

#include <algorithm>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "model/balance/eplb_steps.h"

namespace isobath {
namespace {

std::size_t at(int i) {
    return static_cast<std::size_t>(i);
}

/// One layer at a time, into rows of the placement.
class LayerPlacer {
  public:
    LayerPlacer(const EplbShape& shape, EplbScratch& scratch, ExpertPlacement& out)
        : s_(scratch), out_(out), groups_(shape.groups), nodes_(shape.nodes), gpus_(shape.gpus) {
        if (groups_ % nodes_ != 0) groups_ = nodes_ = 1;
    }

    void place(std::span<const double> load, int layer) {
        pack_groups(load);
        for (int node = 0; node < nodes_; ++node) place_node(layer, node);
    }

  private:
    /// Groups to nodes: `from[i]` is the expert that stands at place i when nodes are laid out in a row.
    void pack_groups(std::span<const double> load) {
        const int size = out_.experts / groups_, each = groups_ / nodes_;
        s_.quotient.assign(at(groups_), 0);
        for (std::size_t e = 0; e < load.size(); ++e) s_.quotient[e / at(size)] += float(load[e]);
        pack(s_.quotient, nodes_, s_);
        s_.from.resize(load.size());
        s_.weight.resize(load.size());
        for (int g = 0; g < groups_; ++g)
            for (int i = 0; i < size; ++i) {
                const int to      = (s_.bin[at(g)] * each + s_.place[at(g)]) * size + i;
                s_.from[at(to)]   = g * size + i;
                s_.weight[at(to)] = float(load[at(g * size + i)]);
            }
    }

    void place_node(int layer, int node) {
        const int experts = out_.experts / nodes_, slots = out_.replicas / nodes_, gpus = gpus_ / nodes_;
        const auto weight = std::span<const float>(s_.weight).subspan(at(node * experts), at(experts));
        s_.copies.resize(at(experts));
        replicate(weight, slots, s_.copies, s_);
        // quotient now holds every expert's load per copy; packing wants it per slot.
        s_.per_slot.resize(at(slots));
        for (int i = 0; i < slots; ++i) s_.per_slot[at(i)] = s_.quotient[at(s_.slot_expert[at(i)])];
        pack(s_.per_slot, gpus, s_);
        for (int i = 0; i < slots; ++i) write_slot(layer, node, i, slots / gpus);
        for (int e = 0; e < experts; ++e)
            out_.logcnt[at(layer * out_.experts + s_.from[at(node * experts + e)])] = s_.copies[at(e)];
    }

    void write_slot(int layer, int node, int i, int each) {
        const int experts = out_.experts / nodes_, slots = out_.replicas / nodes_;
        const int slot        = node * slots + s_.bin[at(i)] * each + s_.place[at(i)];
        const int row         = layer * out_.replicas + slot;
        out_.phy2log[at(row)] = LogicalExpert{s_.from[at(node * experts + s_.slot_expert[at(i)])]};
        s_.copy_of[at(row)]   = s_.slot_copy[at(i)];
    }

    EplbScratch& s_;
    ExpertPlacement& out_;
    int groups_, nodes_, gpus_;
};

/// Where each copy of each expert lies, from the slots.
void invert(const std::vector<int>& copy_of, ExpertPlacement& out) {
    out.most = out.logcnt.empty() ? 0 : *std::max_element(out.logcnt.begin(), out.logcnt.end());
    out.log2phy.assign(out.logcnt.size() * at(out.most), PhysicalExpert{});
    for (std::size_t i = 0; i < out.phy2log.size(); ++i) {
        const std::size_t layer                          = i / at(out.replicas);
        const std::size_t row                            = layer * at(out.experts) + at(out.phy2log[i].value);
        out.log2phy[row * at(out.most) + at(copy_of[i])] = PhysicalExpert{int(i - layer * at(out.replicas))};
    }
}

void resize(const ExpertLoad& load, int replicas, int gpus, EplbScratch& scratch, ExpertPlacement& out) {
    out.layers = load.layers, out.experts = load.experts, out.replicas = replicas, out.gpus = gpus;
    out.phy2log.resize(at(load.layers) * at(replicas));
    out.logcnt.resize(load.count.size());
    scratch.copy_of.resize(out.phy2log.size());
}

constexpr double kMostTokens = 1e30;  // sums over layers of experts stay far from the largest float

void require_loads(const ExpertLoad& load) {
    for (std::size_t i = 0; i < load.count.size(); ++i)
        if (!(load.count[i] >= 0 && load.count[i] <= kMostTokens))
            throw SpecError(fmt::format("layer {}, expert {}: a load of {}; expected 0 to {}",
                                        i / at(load.experts), i % at(load.experts), load.count[i],
                                        kMostTokens));
}

void require_multiple(const char* what, int of, const char* by, int n) {
    if (n < 1 || of % n != 0)
        throw SpecError(fmt::format("{} {} do not divide evenly over {} {}; expected a multiple of {}", of,
                                    what, n, by, std::max(n, 1)));
}

}  // namespace

void check_shape(const EplbShape& shape, int experts) {
    require_multiple("replicas", shape.replicas, "GPUs", shape.gpus);
    require_multiple("GPUs", shape.gpus, "nodes", shape.nodes);
    require_multiple("experts", experts, "groups", shape.groups);
    if (shape.replicas < experts)
        throw SpecError(fmt::format("{} replicas cannot hold {} experts; expected at least {}",
                                    shape.replicas, experts, experts));
}

void rebalance_experts(const ExpertLoad& load, const EplbShape& shape, EplbScratch& scratch,
                       ExpertPlacement& out) {
    check_shape(shape, load.experts);
    require_loads(load);
    resize(load, shape.replicas, shape.gpus, scratch, out);
    LayerPlacer placer(shape, scratch, out);
    for (int l = 0; l < load.layers; ++l) placer.place(load.layer(l), l);
    invert(scratch.copy_of, out);
}

ExpertPlacement rebalance_experts(const ExpertLoad& load, const EplbShape& shape) {
    EplbScratch scratch;
    ExpertPlacement out;
    rebalance_experts(load, shape, scratch, out);
    return out;
}

ExpertPlacement replicated_placement(const ExpertLoad& load, int replicas, int gpus) {
    check_shape({replicas, 1, 1, gpus}, load.experts);
    require_loads(load);
    EplbScratch s;
    ExpertPlacement out;
    resize(load, replicas, gpus, s, out);
    for (int l = 0; l < load.layers; ++l) {
        const auto row = load.layer(l);
        s.weight.assign(row.begin(), row.end());
        replicate(s.weight, replicas, std::span(out.logcnt).subspan(at(l) * row.size(), row.size()), s);
        for (int i = 0; i < replicas; ++i) {
            out.phy2log[at(l * replicas + i)] = LogicalExpert{s.slot_expert[at(i)]};
            s.copy_of[at(l * replicas + i)]   = s.slot_copy[at(i)];
        }
    }
    invert(s.copy_of, out);
    return out;
}

}  // namespace isobath
