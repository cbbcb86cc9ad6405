/// One evaluated scenario, with everything its numbers were made from.
#pragma once

#include "sim/explain/explanation.h"
#include "sim/run_result.h"

namespace isobath {

/// Explanations read from here and nowhere else: the result itself, and the model that gave it.
struct Study {
    /// A server is studied by the decode step that it settles at.
    Study(const Scenario& scenario, const DataFiles& data) : Study(data, step_of(scenario, data)) {}

    const Scenario& scenario() const { return result.scenario; }
    const Batch& batch() const { return result.work.batch; }
    const StageCost& stage(Stage s) const { return result.work.stages[static_cast<std::size_t>(s)]; }
    Seconds part(LayerPart p) const { return result.times.parts[static_cast<std::size_t>(p)]; }
    double batches() const { return micro_batches(result.scenario.layout.overlap); }

    StepModel model;
    RunResult result;
    ExchangeTraffic traffic;  ///< of this batch

  private:
    Study(const DataFiles& data, const Scenario& step)
        : model(step, data),
          result(run_scenario(step, data)),
          traffic(model.traffic_at(result.work.batch.moe_tokens * step.max_over_mean)) {}
};

/// "h800: " and what the preset says of the figure's origin.
std::string gpu_source(const Scenario& scenario, const std::string& key);
/// "scenario /workload/batch_per_gpu".
std::string field(const char* path);
/// The engine's gap after every kernel.
Known launch_gap(const Scenario& scenario);
/// Where a micro-batch's tokens come from, as inputs and the step that works them out.
void add_tokens(const Study& study, Explanation& e);
/// What of them goes to experts, and how many rows come here.
void add_routing(const Study& study, Explanation& e);

// One function for each kind of topic. `name` is one that explain.h lists.
Explanation explain_kernel(const Study& study, const std::string& name);
Explanation explain_exchange(const Study& study, const std::string& name);    ///< dispatch, combine
Explanation explain_own_kernel(const Study& study, const std::string& name);  ///< dispatch_send, ...
Explanation explain_barrier(const Study& study, const std::string& name);
Explanation explain_all_reduce(const Study& study, const std::string& name);
Explanation explain_straggler(const Study& study, const std::string& name);
Explanation explain_gaps(const Study& study, const std::string& name);
Explanation explain_layer(const Study& study, const std::string& name);
Explanation explain_step(const Study& study, const std::string& name);
Explanation explain_memory(const Study& study, const std::string& name);
Explanation explain_rate(const Study& study,
                         const std::string& name);  ///< speculation, tpot, throughput, cost

}  // namespace isobath
