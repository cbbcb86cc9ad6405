/// The candidates of a plan: lists of choices, in a fixed order, with a count in closed form.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "hw/data.h"
#include "sim/scenario.h"

namespace isobath {

/// Why a candidate was not evaluated.
enum class Excluded : std::uint8_t {
    indivisible,  ///< ranks, heads, layers, experts or nodes do not divide
    no_exchange,  ///< a way for tokens to travel, or overlap with it, where they stay, or none where they go
    same,         ///< computes the same as another candidate
    left_out,     ///< allowed, but not among the sensible ones unless asked for
    no_library,   ///< no kernels for this exchange, or no network to reach the ranks
    no_data,      ///< the GPU or the calibration cannot price it
    gpus,         ///< more GPUs than allowed
    memory,       ///< weights, cache or buffers do not fit
    tpot,         ///< too slow for the limit, or a smaller batch already was
    ttft,         ///< the same for the first token
    bound         ///< cannot be better than another candidate of the same decode units: proven
};
inline constexpr int kExcludedCount = 11;
std::string_view name_of(Excluded);
std::string_view reason_of(Excluded);

/// Every candidate in exactly one bin.
struct Tally {
    double considered = 0;
    double evaluated  = 0;  ///< aggregated deployments whose closed loop was computed
    double paired     = 0;  ///< split deployments computed from evaluated prefill and decode units
    std::array<double, kExcludedCount> excluded{};
    /// Of those computed, how many miss a limit: of time, or of GPUs and budget.
    double missed_tpot = 0, missed_ttft = 0, missed_size = 0;
    double decode_points = 0, prefill_points = 0, steps = 0;  ///< units, and step evaluations behind all

    void exclude(Excluded why, double n = 1) { excluded[static_cast<std::size_t>(why)] += n; }
    double counted() const;
};

/// What a unit is laid out as. `gpus` step together.
struct UnitLayout {
    Layout layout;
    int gpus = 8;
};

struct SpeculationChoice {
    std::string text         = "none";
    SpeculationMethod method = SpeculationMethod::none;
    int depth                = 0;
};

/// One kind of cluster that units may lie on.
struct ClusterChoice {
    std::string name;   ///< "": the scenario's own
    std::string title;  ///< its GPU
    int gpus_per_node = 8, nvlink_domain = 8;
    bool network = true;
    double usd = 0, watts = 0;        ///< of a GPU, per hour; drawn
    std::vector<UnitLayout> layouts;  ///< that can exist, in the order of the lists
    /// Layouts that cannot, by reason.
    std::array<double, kExcludedCount> refused{};
};

struct PlanSpace {
    bool aggregated = true, split = true;
    std::vector<double> unit_gpus, tp, cp, pp, ep, redundant, chunks, batches;
    bool default_ep = true;
    std::vector<Comm> comms;
    std::vector<Overlap> overlaps;
    std::vector<std::string> precisions;  ///< JSON texts
    std::vector<SpeculationChoice> speculations;
    std::vector<ClusterChoice> clusters;

    /// raw layouts refused + layouts * precisions * speculations * (chunks * batches aggregated, batches *
    /// prefill layouts split).
    double count() const;
    double raw_layouts() const;
};

/// Resolves the lists under /plan/space. Throws SpecError naming the field.
PlanSpace plan_space(const Scenario& scenario, const DataFiles& data);

/// Whether a layout can exist on this cluster, as check_layout() would say; nothing if it can.
/// `raw` has tp, cp, pp, ep, redundant, comm and overlap set; dp and expert tp are filled in.
std::optional<Excluded> refuse(const PlanSpace& space, const ClusterChoice& cluster, const Scenario& scenario,
                               int gpus, Layout& raw);

}  // namespace isobath
