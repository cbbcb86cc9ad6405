#include "sim/validate/predict.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "sim/run_result.h"
#include "sim/scenario_reader.h"
#include "sim/served/served.h"
#include "sim/train/train.h"
#include "sim/validate/evaluators.h"
#include "sim/validate/served_runs.h"

namespace isobath {

using nlohmann::json;

struct Predictor::Shared {
    DataFiles data;
    std::map<std::string, Calibration> calibrations;
    std::map<std::string, json> runs;  ///< by scenario and overrides
    std::map<std::string, ServedResult> served;
    std::map<int, DataFiles> folds;

    /// The data files with constants that have not seen the point's fold.
    const DataFiles& unseen(int fold) {
        if (fold < 0) return data;
        const auto found = folds.find(fold);
        return found != folds.end() ? found->second : folds[fold] = without_fold(data, fold);
    }

    const ServedResult& serve(const json& predict) {
        const json set        = predict.value("set", json::object());
        const std::string key = predict["serve"].get<std::string>() + set.dump();
        const auto found      = served.find(key);
        if (found != served.end()) return found->second;
        const DataFiles& seen   = unseen(predict.value("fold", -1));
        const Scenario scenario = load_scenario(predict["serve"], seen, overrides_of(set));
        return served[key]      = predict_served(scenario, seen);
    }

    /// The one that a kernel point names; "h800" holds the kernels of those that name none.
    const Calibration& calibration(const json& predict) {
        const std::string name = predict.value("calibration", std::string("h800"));
        const auto found       = calibrations.find(name);
        if (found != calibrations.end()) return found->second;
        return calibrations[name] = load_calibration(data, name);
    }

    const json& trained(const json& predict) {
        const json set        = predict.value("set", json::object());
        const std::string key = predict["train"].get<std::string>() + set.dump();
        const auto found      = runs.find(key);
        if (found != runs.end()) return found->second;
        return runs[key] = to_json(train(load_scenario(predict["train"], data, overrides_of(set)), data));
    }

    const json& run(const json& predict) {
        const json set        = predict.value("set", json::object());
        const std::string key = predict["run"].get<std::string>() + set.dump();
        const auto found      = runs.find(key);
        if (found != runs.end()) return found->second;
        const Scenario scenario = load_scenario(predict["run"], data, overrides_of(set));
        return runs[key]        = to_json(run_scenario(scenario, data));
    }
};

Predictor::Predictor(const DataFiles& data) : shared_(new Shared{data, {}, {}}) {}
Predictor::~Predictor() = default;

double si_per(const std::string& unit) {
    static const std::map<std::string, double> units{
        {"us", 1e-6},      {"ms", 1e-3},     {"s", 1},      {"TFLOP/s", 1e12}, {"GB/s", 1e9},
        {"B", 1},          {"FLOP", 1},      {"nodes", 1},  {"USD", 1},        {"GFLOP", 1e9},
        {"parameters", 1}, {"GPU-hours", 1}, {"tokens", 1}, {"fraction", 1},   {"tokens/s/node", 1},
        {"USD/Mtok", 1}};
    const auto found = units.find(unit);
    if (found == units.end()) throw SpecError("validation point: unknown unit \"" + unit + "\"");
    return found->second;
}

namespace {

/// "/layer/period_s" has its interval beside it as "/layer/low_s" and "/layer/high_s"; parts have theirs
/// under "/layer/part_ranges".
Predicted from_result(const json& result, const std::string& key) {
    const json::json_pointer at(key);
    if (!result.contains(at)) throw SpecError("validation point: a result has no " + key);
    const double value = result[at];
    const json& ranges = result["ranges"];
    if (!ranges.contains(key)) return {value, value, value};
    return {value, ranges[key][0], ranges[key][1]};
}

void shift(Predicted& p, double by) {
    p.value += by;
    p.low += by;
    p.high += by;
}

}  // namespace

std::optional<Predicted> Predictor::predict(const ValidationPoint& point) {
    const json& how = *point.predict;
    if (how.contains("later")) return std::nullopt;
    Predicted p;
    if (how.contains("count")) {
        p.value = p.low = p.high = evaluate_count(how, shared_->data);
    } else if (how.contains("kernel")) {
        p = evaluate_kernel(how, point.gpu, shared_->calibration(how), shared_->data);
    } else if (how.contains("exchange")) {
        p = evaluate_exchange(how, shared_->data);
    } else if (how.contains("serve")) {
        const ServedResult& r = shared_->serve(how);
        const Estimate& e     = how["key"] == "tpot_s" ? r.tpot : r.ttft;
        p                     = {e.time.base(), e.low.base(), e.high.base()};
    } else {
        const json& result = how.contains("train") ? shared_->trained(how) : shared_->run(how);
        p                  = from_result(result, how["key"]);
        // Breakdowns differ in where they count the experts' SwiGLU.
        if (how.contains("plus")) shift(p, from_result(result, how["plus"]).value);
        if (how.contains("minus")) shift(p, -from_result(result, how["minus"]).value);
    }
    const double si = si_per(point.unit);
    return Predicted{p.value / si, p.low / si, p.high / si};
}

}  // namespace isobath
