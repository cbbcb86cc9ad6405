#include "sim/speculate/deployments.h"

#include "hw/spec_reader.h"
#include "sim/run_result.h"
#include "sim/scenario_reader.h"

namespace isobath {
namespace {

/// What an override says, as `--set` would.
Override set(const std::string& path, const std::string& value) {
    return parse_override(path + "=" + value);
}

void check(const Scenario& s) {
    if (s.phase != Phase::decode && s.phase != Phase::serve)
        fail_at(s.file, "/phase", "drafts belong to decode steps; allowed here: decode, serve");
    if (s.speculation.method == SpeculationMethod::none && s.model.num_nextn_predict_layers == 0)
        fail_at(s.file, "/speculation/method",
                s.model.name +
                    " ships no MTP module and the scenario names no other method; allowed: "
                    "parallel-heads, medusa, eagle, draft-model");
}

}  // namespace

Deployments::Deployments(std::string path, const DataFiles& data, std::vector<Override> overrides)
    : path_(std::move(path)), data_(data), overrides_(std::move(overrides)) {
    const Scenario own = load_scenario(path_, data_, overrides_);
    check(own);
    if (own.speculation.method == SpeculationMethod::none)
        overrides_.push_back(set("speculation.method", "mtp"));
    else
        own_depth_ = own.speculation.depth;
    overrides_.push_back(set("speculation.use", "on"));
    overrides_.push_back(set("speculation.threshold", "none"));
}

Scenario Deployments::at(int depth, const std::string& precision) const {
    std::vector<Override> all = overrides_;
    all.push_back(depth > 0 ? set("speculation.depth", std::to_string(depth))
                            : set("speculation.method", "none"));
    if (!precision.empty()) all.push_back(set("precision", precision));
    return step_of(load_scenario(path_, data_, all), data_);
}

}  // namespace isobath
