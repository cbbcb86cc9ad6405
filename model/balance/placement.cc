#include "model/balance/placement.h"

#include <algorithm>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "model/balance/eplb.h"

namespace isobath {
namespace {

void require_fit(std::span<const double> counts, const ExpertPlacement& placement, std::size_t gpus) {
    if (counts.size() != std::size_t(placement.experts) || gpus != std::size_t(placement.gpus))
        throw SpecError(
            fmt::format("a load of {} experts on {} GPUs meets a placement of {} on {}; expected the same",
                        counts.size(), gpus, placement.experts, placement.gpus));
}

}  // namespace

std::span<const PhysicalExpert> ExpertPlacement::slots_of(int layer, LogicalExpert expert) const {
    const std::size_t row = std::size_t(layer) * std::size_t(experts) + std::size_t(expert.value);
    return {log2phy.data() + row * std::size_t(most), std::size_t(logcnt[row])};
}

ExpertPlacement contiguous_placement(int layers, int experts, int gpus) {
    return replicated_placement(ExpertLoad(layers, experts), experts, gpus);
}

void rank_loads(std::span<const double> counts, const ExpertPlacement& placement, int layer,
                std::span<double> out) {
    require_fit(counts, placement, out.size());
    const auto slots  = placement.slots(layer);
    const auto copies = placement.copies(layer);
    const int each    = placement.slots_per_gpu();
    for (std::size_t gpu = 0, slot = 0; gpu < out.size(); ++gpu) {
        out[gpu] = 0;
        for (int i = 0; i < each; ++i, ++slot) {
            const auto expert = std::size_t(slots[slot].value);
            out[gpu] += counts[expert] / copies[expert];
        }
    }
}

std::vector<double> rank_loads(const ExpertLoad& load, const ExpertPlacement& placement) {
    const auto gpus = std::size_t(placement.gpus);
    std::vector<double> out(std::size_t(load.layers) * gpus);
    for (int l = 0; l < load.layers; ++l)
        rank_loads(load.layer(l), placement, l, std::span(out).subspan(std::size_t(l) * gpus, gpus));
    return out;
}

double mean_over_max(std::span<const double> ranks) {
    const double most = ranks.empty() ? 0 : *std::max_element(ranks.begin(), ranks.end());
    return most > 0 ? total(ranks) / double(ranks.size()) / most : 1;
}

std::vector<double> layer_mean_over_max(const ExpertLoad& load, const ExpertPlacement& placement) {
    if (load.layers != placement.layers)
        throw SpecError(fmt::format("a load of {} layers meets a placement of {}; expected the same",
                                    load.layers, placement.layers));
    std::vector<double> ranks(std::size_t(placement.gpus)), out;
    for (int l = 0; l < load.layers; ++l) {
        rank_loads(load.layer(l), placement, l, ranks);
        out.push_back(mean_over_max(ranks));
    }
    return out;
}

double mean_over_max(const ExpertLoad& load, const ExpertPlacement& placement) {
    const std::vector<double> layers = layer_mean_over_max(load, placement);
    return layers.empty() ? 1 : total(layers) / double(layers.size());
}

double max_over_mean(const ExpertLoad& load, const ExpertPlacement& placement) {
    const std::vector<double> layers = layer_mean_over_max(load, placement);
    double sum                       = 0;
    for (const double layer : layers) sum += 1 / layer;
    return layers.empty() ? 1 : sum / double(layers.size());
}

}  // namespace isobath
