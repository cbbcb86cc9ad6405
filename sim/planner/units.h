/// What one unit does: a step of its decode at a batch, of its prefill, whether both fit.
#pragma once

#include <map>
#include <memory>

#include "sim/planner/bases.h"
#include "sim/planner/question.h"
#include "sim/served/closed_loop.h"

namespace isobath {

/// Step models of units of one cluster and precision that exchange in one way: laid out anew for each.
class UnitModels {
  public:
    /// One decode model for each speculation. Throws SpecError where a preset does not resolve or a library
    /// is missing.
    UnitModels(const Scenario& prefill, const std::vector<Scenario>& decodes, const ClusterChoice& cluster,
               const DataFiles& data, std::shared_ptr<PlacedLoads> shared);

    /// Throws SpecError where experts cannot be placed so.
    void lay_out(const UnitLayout& unit);

    StepModel& prefill() { return *prefill_; }
    StepModel& decode(std::size_t speculation) { return *decodes_[speculation]; }

  private:
    void lay_out(StepModel& model, const UnitLayout& unit) const;

    int gpus_per_node_, nvlink_domain_, gpus_ = 0;
    std::unique_ptr<StepModel> prefill_;
    std::vector<std::unique_ptr<StepModel>> decodes_;
};

/// Reads a laid-out unit as sim/served's closed loop does; counts steps.
class UnitSteps {
  public:
    explicit UnitSteps(const PlanQuestion& question) : q_(question) {}

    /// Requests of mean length that one attention rank's cache holds; below 1: none.
    double slots(const StepModel& decode, double chunk, double max_running);
    /// A decode step of so many requests on each rank, host work of speculation included; and whether it
    /// fits.
    double decode(const StepModel& model, double requests, bool& fits, const Bend& bend = {});
    /// A prefill step of so many prompts on each rank.
    double prefill(const StepModel& model, double prompts, const Bend& bend = {});
    bool prefill_fits(const StepModel& model);

    double steps() const { return steps_; }

  private:
    const PlanQuestion& q_;
    StepWorkspace work_;
    double steps_ = 0;
};

}  // namespace isobath
