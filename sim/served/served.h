/// What users of a server feel when a fixed number of clients keeps it busy: means, in closed form.
#pragma once

#include <map>
#include <memory>

#include "sim/served/closed_loop.h"
#include "sim/served/serving_units.h"
#include "sim/step.h"

namespace isobath {

/// A serve scenario with what its evaluations share.
class ServedModel {
  public:
    /// Throws SpecError where the scenario's units or presets do not resolve.
    ServedModel(const Scenario& scenario, const DataFiles& data);

    const Scenario& scenario() const { return scenario_; }
    const ServingUnits& units() const { return units_; }
    /// Requests of nominal length that one attention rank's cache has room for.
    double cache_slots() const;
    /// The steady state; `bend` moves kernel families to the ends of their intervals.
    LoopResult evaluate(const Bend& bend = {}) const;
    /// The same with an engine's constants changed: what a fit varies.
    void set_engine(const Engine& engine);
    void set_calibration(const Calibration& calibration);
    void set_clients(double clients) { scenario_.workload.concurrency = clients; }
    const Engine& engine() const { return engine_; }

  private:
    Seconds decode_step(double requests, const Bend& bend) const;
    Seconds prefill_step(double prompts, const Bend& bend) const;

    Scenario scenario_;
    ServingUnits units_;
    Engine engine_;
    double prompt_ = 1, answer_ = 1;
    std::shared_ptr<StepModel> prefill_, decode_;
    mutable StepWorkspace work_;
};

/// Means over all requests, each with its 80 % interval.
struct ServedResult {
    LoopResult loop;
    Estimate tpot, ttft;
    double output_tokens_per_s     = 0;  ///< of the whole deployment
    double output_tokens_per_s_gpu = 0, output_tokens_per_s_user = 0;
    int gpus = 0;
};

/// Evaluates the scenario; where it does not know whether the server speculates, both ways, and gives the
/// geometric mean with an interval that spans both.
/// Under open arrivals: of as many clients as in_closed_form() finds.
ServedResult predict_served(const Scenario& scenario, const DataFiles& data);

/// The scenario with the clients that make its open arrivals' rate, in a run without end (Little's law); a
/// scenario that names its clients as it is. Throws SpecError where no number of clients makes the rate, and
/// for traces.
Scenario in_closed_form(const Scenario& scenario, const DataFiles& data);

}  // namespace isobath
