// `isobath run` at each point: one step evaluated in place where the columns need no more than that.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/memory_demand.h"
#include "sim/run_result.h"
#include "sim/speculate/policy.h"
#include "sim/sweep/changing_scenario.h"
#include "sim/sweep/step_columns.h"

namespace isobath::sweep {
namespace {

/// One evaluation of the step model for each point.
class StepEvaluator : public Evaluator {
  public:
    StepEvaluator(const Sweep& sweep, const Space& space, const DataFiles& data)
        : sweep_(sweep), data_(data), scenario_(sweep, space, data) {
        for (const Column& c : sweep.columns) columns_.push_back(step_column(c.pointer));
    }

    const std::string* evaluate(const Place& place, std::vector<Cell>& cells) override {
        if (const std::string* reason = scenario_.go_to(place)) return reason;
        if (!follow()) return &reason_;
        const Scenario& s = scenario_.scenario();
        StepInput input{s.workload.batch_per_gpu,
                        s.phase == Phase::prefill ? s.workload.isl : s.workload.context};
        if (s.phase == Phase::decode) input.load = load_of(*model_, input, work_);
        const StepTimes times  = evaluate_step(input);
        const MemoryUse memory = memory_of(model_->weights(), memory_demand(s, work_.batch, input));
        const Rates rates      = rates_of(s, input, times.step);
        fill({s, times, memory, rates, model_->exchange() ? &work_.exchange : nullptr}, cells);
        return nullptr;
    }

  private:
    /// Brings the model to where the scenario is.
    bool follow() {
        const Moved moved = scenario_.moved();
        if (moved == Moved::laid_out && model_) model_->set_layout(scenario_.scenario().layout);
        return (moved != Moved::read && model_) || make_model();
    }

    bool make_model() {
        model_.reset();
        try {
            model_.emplace(scenario_.scenario(), data_);
        } catch (const SpecError& e) {
            reason_ = e.what();
        }
        return model_.has_value();
    }

    StepTimes evaluate_step(const StepInput& input) { return isobath::evaluate(*model_, input, work_); }

    void fill(const StepPoint& point, std::vector<Cell>& cells) const {
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const double value = columns_[i](point);
            if (sweep_.columns[i].type == ColumnType::boolean)
                cells[i].set_truth(value != 0);
            else
                cells[i].set(value);
        }
    }

    const Sweep& sweep_;
    const DataFiles& data_;
    ChangingScenario scenario_;
    std::vector<StepColumn> columns_;
    std::optional<StepModel> model_;
    StepWorkspace work_;
    std::string reason_;
};

/// The whole of `isobath run` for each point: intervals, operations, servers.
class RunEvaluator : public Evaluator {
  public:
    RunEvaluator(const Sweep& sweep, const Space& space, const DataFiles& data)
        : sweep_(sweep), data_(data), scenario_(sweep, space, data) {}

    const std::string* evaluate(const Place& place, std::vector<Cell>& cells) override {
        if (const std::string* reason = scenario_.go_to(place)) return reason;
        try {
            const nlohmann::json result = to_json(run_scenario(scenario_.scenario(), data_));
            for (std::size_t i = 0; i < cells.size(); ++i)
                read_cell(result, sweep_.columns[i].pointer, cells[i]);
            return nullptr;
        } catch (const SpecError& e) {
            reason_ = e.what();
            return &reason_;
        }
    }

  private:
    const Sweep& sweep_;
    const DataFiles& data_;
    ChangingScenario scenario_;
    std::string reason_;
};

bool varies(const Sweep& sweep, std::string_view path) {
    for (const Dimension& d : sweep.dimensions)
        for (const Axis& a : d.axes)
            if (a.path == path) return true;
    return false;
}

bool is_one_step(const Sweep& sweep) {
    const bool step = sweep.phase == Phase::decode || sweep.phase == Phase::prefill;
    return step && !varies(sweep, "/phase") &&
           std::all_of(sweep.columns.begin(), sweep.columns.end(),
                       [](const Column& c) { return step_column(c.pointer) != nullptr; });
}

std::unique_ptr<Evaluator> make(const Sweep& sweep, const Space& space, const DataFiles& data) {
    if (is_one_step(sweep)) return std::make_unique<StepEvaluator>(sweep, space, data);
    return std::make_unique<RunEvaluator>(sweep, space, data);
}

std::vector<std::string_view> columns(const Sweep& sweep) {
    std::vector<std::string_view> out{"/fits", "/step/time_s", "/memory/free", "/memory/max_batch_per_gpu"};
    const bool any = varies(sweep, "/phase");
    if (any || sweep.phase != Phase::prefill)
        for (const char* c : {"/latency/tpot_s", "/throughput/output_tokens_per_s_per_gpu",
                              "/cost/usd_per_million_output_tokens"})
            out.push_back(c);
    if (any || sweep.phase != Phase::decode) out.push_back("/latency/ttft_s");
    if (any || sweep.phase == Phase::prefill)
        for (const char* c : {"/throughput/input_tokens_per_s_per_gpu", "/cost/usd_per_million_input_tokens"})
            out.push_back(c);
    out.push_back("/step/exposed_network_s");
    return out;
}

Goals goals(const Sweep& sweep) {
    if (sweep.phase == Phase::prefill) return {"/latency/ttft_s", "/throughput/input_tokens_per_s_per_gpu"};
    return {"/latency/tpot_s", "/throughput/output_tokens_per_s_per_gpu"};
}

std::string schema(const DataFiles& data) {
    return data.find("scenarios/schema/run.json").value();
}

}  // namespace

const Runner kRunRunner{"run", schema, columns, goals, reach_of_step_field, make};

}  // namespace isobath::sweep
