#include "sim/sweep/changing_scenario.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "sim/layout_check.h"
#include "sim/resolve.h"

namespace isobath::sweep {
namespace {

// The communication library is chosen with the model, by comm and comm_library: these two stay outside.
constexpr std::array<std::string_view, 10> kLayoutFields = {
    "/layout/attention/tp",      "/layout/attention/dp",   "/layout/attention/cp", "/layout/experts/ep",
    "/layout/experts/tp",        "/layout/experts/shared", "/layout/pp",           "/layout/overlap",
    "/layout/experts/redundant", "/layout/comm_sms",
};
constexpr std::array<std::string_view, 5> kLoadFields = {"/workload/batch_per_gpu", "/workload/context",
                                                         "/workload/isl", "/workload/osl",
                                                         "/price/usd_per_gpu_hour"};

double number_of(const Field& field, const Axis& axis, std::size_t row) {
    if (axis.texts.empty()) return axis.numbers[row];
    const auto word = nlohmann::json::parse(axis.texts[row]);
    const auto at   = std::find(field.choices.begin(), field.choices.end(), word.get<std::string>());
    return static_cast<double>(at - field.choices.begin());
}

void set_field(const Field& field, double value, Scenario& s) {
    if (const auto* whole = std::get_if<int& (*)(Scenario&)>(&field.slot))
        (*whole)(s) = static_cast<int>(value);
    else if (const auto* number = std::get_if<double& (*)(Scenario&)>(&field.slot))
        (*number)(s) = value;
    else
        std::get<ChoiceSlot>(field.slot).set(s, static_cast<int>(value));
}

/// Whether nothing that was made of the scenario hangs on its layout: uneven experts are placed on it, and a
/// drafting model is laid out with it.
bool takes_layouts(const Scenario& s) {
    return s.popularity == "uniform" && !s.speculation.draft_model;
}

}  // namespace

Reach reach_of_step_field(std::string_view path) {
    if (std::find(kLoadFields.begin(), kLoadFields.end(), path) != kLoadFields.end()) return Reach::load;
    if (std::find(kLayoutFields.begin(), kLayoutFields.end(), path) != kLayoutFields.end())
        return Reach::layout;
    return Reach::model;
}

ChangingScenario::ChangingScenario(const Sweep& sweep, const Space& space, const DataFiles& data)
    : sweep_(sweep), space_(space), data_(data) {
    add_sliders(sweep);
}

void ChangingScenario::add_sliders(const Sweep& sweep) {
    for (std::size_t d = 0; d < sweep.dimensions.size(); ++d) {
        const Reach reach = reach_of(*sweep.runner, sweep.dimensions[d]);
        if (reach == Reach::model) continue;
        for (const Axis& axis : sweep.dimensions[d].axes) {
            Slider one{d, find_field(axis.path), {}};
            for (std::size_t row = 0; row < axis.size(); ++row)
                one.values.push_back(number_of(*one.field, axis, row));
            (reach == Reach::layout ? layout_ : load_).push_back(std::move(one));
        }
    }
}

void ChangingScenario::slide(const std::vector<Slider>& sliders, const Place& place) {
    for (const Slider& one : sliders)
        set_field(*one.field, one.values[place.rows[one.dimension]], *scenario_);
}

const std::string* ChangingScenario::go_to(const Place& place) {
    if (place.model != model_ || place.layout != at_layout_) {
        const bool fresh = place.model != model_ || !scenario_ || !takes_layouts(*scenario_);
        model_           = place.model;
        at_layout_       = place.layout;
        layout_possible_ = (!fresh || read(place)) && lay_out(place);
    }
    if (!layout_possible_) return &reason_;
    slide(load_, place);
    if (!check_load(place)) return &reason_;
    moved_   = pending_;
    pending_ = Moved::loaded;
    return nullptr;
}

bool ChangingScenario::read(const Place& place) {
    pending_ = Moved::read;
    scenario_.reset();
    try {
        scenario_ = read_unchecked(sweep_, data_, space_.overrides(place.rows));
        return true;
    } catch (const SpecError& e) {
        reason_ = e.what();
        return false;
    }
}

/// Asks with the smallest workload, so that a layout is refused once and not for each of its loads.
bool ChangingScenario::lay_out(const Place& place) {
    slide(layout_, place);
    slide(load_, place);
    pending_ = std::min(pending_, Moved::laid_out);
    checked_ = {};
    return passes(place, {1e-6, 1, 1});
}

/// A workload within one that passed passes: its sizes only add up.
bool ChangingScenario::check_load(const Place& place) {
    const Workload& w = scenario_->workload;
    if (w.batch_per_gpu <= checked_.batch && w.context <= checked_.context && w.isl <= checked_.isl)
        return true;
    const Checked own{w.batch_per_gpu, w.context, w.isl};
    const Checked both{std::max(own.batch, checked_.batch), std::max(own.context, checked_.context),
                       std::max(own.isl, checked_.isl)};
    if (!passes(place, both)) return passes(place, own);
    checked_ = both;
    return true;
}

bool ChangingScenario::passes(const Place& place, const Checked& workload) {
    const Workload own                = scenario_->workload;
    scenario_->workload.batch_per_gpu = workload.batch;
    scenario_->workload.context       = workload.context;
    scenario_->workload.isl           = workload.isl;
    bool fine                         = true;
    try {
        check_layout(*scenario_, data_, Origin(sweep_.scenario_shown, space_.overrides(place.rows)));
    } catch (const SpecError& e) {
        reason_ = e.what();
        fine    = false;
    }
    scenario_->workload = own;
    return fine;
}

}  // namespace isobath::sweep
