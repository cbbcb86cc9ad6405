// Studies of a scenario at each point, each read anew: balance, speculate, and what users of a server feel.
#include <nlohmann/json.hpp>

#include "sim/balance/balance_tables.h"
#include "sim/scenario_reader.h"
#include "sim/served/served.h"
#include "sim/speculate/speculate.h"
#include "sim/sweep/runner.h"

namespace isobath::sweep {
namespace {

using nlohmann::json;

/// What the studies, which read a scenario by its name, call the sweep's: no file, which could change
/// meanwhile.
std::string name_of(const Sweep& sweep) {
    return sweep.scenario_shown + "#";
}

DataFiles with_scenario(const Sweep& sweep, const DataFiles& data) {
    DataFiles own = data;
    own.replace(name_of(sweep), sweep.scenario_text);
    return own;
}

using Study = json (*)(const Sweep&, const DataFiles&, const std::vector<Override>&);

class StudyEvaluator : public Evaluator {
  public:
    StudyEvaluator(const Sweep& sweep, const Space& space, const DataFiles& data, Study study)
        : sweep_(sweep), space_(space), data_(with_scenario(sweep, data)), study_(study) {}

    const std::string* evaluate(const Place& place, std::vector<Cell>& cells) override {
        try {
            const json result = study_(sweep_, data_, space_.overrides(place.rows));
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
    const Space& space_;
    DataFiles data_;
    Study study_;
    std::string reason_;
};

template <Study study>
std::unique_ptr<Evaluator> make(const Sweep& sweep, const Space& space, const DataFiles& data) {
    return std::make_unique<StudyEvaluator>(sweep, space, data, study);
}

Reach always_anew(std::string_view) {
    return Reach::model;
}

json balance(const Sweep& sweep, const DataFiles& data, const std::vector<Override>& overrides) {
    return to_json(balance_of(load_balance_scenario(name_of(sweep), data, overrides, {}), data));
}

std::string balance_schema(const DataFiles& data) {
    return data.find("scenarios/schema/balance.json").value();
}

std::vector<std::string_view> balance_columns(const Sweep&) {
    return {"/max_over_mean_time", "/max_over_mean_tokens", "/mean_over_max"};
}

Goals balance_goals(const Sweep&) {
    return {"/max_over_mean_time", ""};
}

/// The scenario's own method, depth and threshold at its own batch: /points/0 is without drafts.
json speculation(const Sweep& sweep, const DataFiles& data, const std::vector<Override>& overrides) {
    const Scenario s = load_scenario(name_of(sweep), data, overrides);
    SpeculateAsk ask;
    ask.batches    = {s.workload.batch_per_gpu};
    ask.depths     = {s.speculation.on() ? s.speculation.depth : 1};
    ask.thresholds = {parse_threshold(s.threshold).value_or(Threshold{})};
    return to_json(speculate(name_of(sweep), data, overrides, ask));
}

std::string speculate_schema(const DataFiles& data) {
    return data.find("scenarios/schema/speculate.json").value();
}

std::vector<std::string_view> speculate_columns(const Sweep&) {
    return {"/points/1/fits",
            "/points/1/gain",
            "/points/1/step_s/value",
            "/points/1/tokens_per_step/value",
            "/points/1/tokens_per_s_per_user/value",
            "/points/1/tokens_per_s_per_gpu/value"};
}

Goals speculate_goals(const Sweep&) {
    return {"", "/points/1/gain"};
}

/// Means of a closed loop in closed form, under the keys that a simulation of the same server gives.
json served(const Sweep& sweep, const DataFiles& data, const std::vector<Override>& overrides) {
    const Scenario s = load_scenario(name_of(sweep), data, overrides);
    if (s.phase != Phase::serve) fail_at(s.file, "/phase", "a server is asked for; allowed here: serve");
    const ServedResult r = predict_served(s, data);
    const double usd     = s.usd_per_gpu_hour < 0 ? s.cluster.gpu.usd_per_gpu_hour : s.usd_per_gpu_hour;
    return {{"ttft_s", {{"mean", r.ttft.time.in(unit::s)}}},
            {"tpot_s", {{"mean", r.tpot.time.in(unit::s)}}},
            {"tokens_per_s", r.output_tokens_per_s},
            {"tokens_per_s_per_gpu", r.output_tokens_per_s_gpu},
            {"gpus", r.gpus},
            {"cost",
             {{"usd_per_hour", usd * r.gpus},
              {"usd_per_million_output_tokens", usd / 3600 / r.output_tokens_per_s_gpu * 1e6}}}};
}

std::string served_schema(const DataFiles&) {
    return R"({"properties": {
        "ttft_s": {"properties": {"mean": {"type": "number", "description": "mean time to first token [s]"}}},
        "tpot_s": {"properties": {"mean": {"type": "number", "description": "mean time per output token [s]"}}},
        "tokens_per_s": {"type": "number", "description": "output tokens of the whole deployment [1/s]"},
        "tokens_per_s_per_gpu": {"type": "number", "description": "output tokens, per GPU [1/s]"},
        "gpus": {"type": "integer", "description": "GPUs of all units [1]"},
        "cost": {"properties": {
            "usd_per_hour": {"type": "number", "description": "rent of all GPUs [USD/h]"},
            "usd_per_million_output_tokens": {"type": "number", "description": "[USD]"}}}}})";
}

std::vector<std::string_view> served_columns(const Sweep&) {
    return {"/ttft_s/mean",          "/tpot_s/mean", "/tokens_per_s",
            "/tokens_per_s_per_gpu", "/gpus",        "/cost/usd_per_million_output_tokens"};
}

Goals served_goals(const Sweep&) {
    return {"/tpot_s/mean", "/tokens_per_s_per_gpu"};
}

}  // namespace

const Runner kServeRunner{"serve", served_schema, served_columns, served_goals, always_anew, make<served>};
const Runner kBalanceRunner{"balance",     balance_schema, balance_columns,
                            balance_goals, always_anew,    make<balance>};
const Runner kSpeculateRunner{"speculate",     speculate_schema, speculate_columns,
                              speculate_goals, always_anew,      make<speculation>};

}  // namespace isobath::sweep
