#include "model/balance/balancer.h"

#include <array>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "hw/text.h"

namespace isobath {
namespace {

constexpr std::array<std::string_view, 4> kNames{"none", "replicate", "eplb", "ideal"};

}  // namespace

Balancer parse_balancer(std::string_view text) {
    for (std::size_t i = 0; i < kNames.size(); ++i)
        if (text == kNames[i]) return Balancer(i);
    throw SpecError(fmt::format("\"{}\": no way of balancing; allowed: {}", clipped(text), joined(kNames)));
}

std::string_view to_string(Balancer balancer) {
    return kNames[std::size_t(balancer)];
}

std::optional<ExpertPlacement> place_experts(Balancer balancer, const ExpertLoad& load,
                                             const EplbShape& shape) {
    switch (balancer) {
        case Balancer::none: return contiguous_placement(load.layers, load.experts, shape.gpus);
        case Balancer::replicate: return replicated_placement(load, shape.replicas, shape.gpus);
        case Balancer::eplb: return rebalance_experts(load, shape);
        default: return std::nullopt;
    }
}

double mean_over_max(const ExpertLoad& judged, const std::optional<ExpertPlacement>& placement) {
    return placement ? mean_over_max(judged, *placement) : 1;
}

}  // namespace isobath
