/// The ways of balancing that a scenario can name, side by side.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/balance/eplb.h"

namespace isobath {

enum class Balancer : std::uint8_t {
    none,       ///< experts in their own order, one copy each
    replicate,  ///< EPLB's copies, nothing moved: replicated_placement()
    eplb,       ///< rebalance_experts()
    ideal,  ///< every GPU carries the mean, whatever the load: no placement does it, all are measured by it
};

/// "none", "replicate", "eplb" or "ideal". Throws SpecError, without a file: the caller knows it.
Balancer parse_balancer(std::string_view text);
std::string_view to_string(Balancer balancer);

/// The placement planned on `load`; nothing for ideal. For none, shape.replicas is not looked at.
///
/// Throws SpecError as check_shape() or contiguous_placement().
std::optional<ExpertPlacement> place_experts(Balancer balancer, const ExpertLoad& load,
                                             const EplbShape& shape);

/// mean_over_max of `judged`; 1 without a placement.
double mean_over_max(const ExpertLoad& judged, const std::optional<ExpertPlacement>& placement);

}  // namespace isobath
