#include "sim/shapes.h"

#include <algorithm>

#include "model/op_point.h"
#include "sim/run_result.h"

namespace isobath {
namespace {

template <class T>
void add_once(std::vector<T>& list, T value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(std::move(value));
}

/// The sum over the ranks that split attention: each contributes the rows of a micro-batch in BF16.
void add_all_reduce(const Scenario& scenario, const Batch& batch, ScenarioShapes& out) {
    if (scenario.layout.attention_tp < 2) return;
    const auto bytes = static_cast<std::int64_t>(2 * batch.tokens * scenario.model.hidden_size);
    add_once(out.points, KernelPoint{KernelKind::all_reduce, "bf16", {scenario.layout.attention_tp, bytes}});
}

}  // namespace

ScenarioShapes shapes_of(const Scenario& scenario, const DataFiles& data) {
    const RunResult result = run_scenario(scenario, data);
    ScenarioShapes out;
    for (const LayerOp& op : result.work.ops) {
        if (const auto point = point_of(op, result.work.batch, result.scenario.model))
            add_once(out.points, *point);
        else
            add_once(out.unmeasured, std::string(op.name));
    }
    add_all_reduce(result.scenario, result.work.batch, out);
    return out;
}

}  // namespace isobath
