#include <nlohmann/json.hpp>
#include <ostream>

#include "sim/cli/flags.h"
#include "sim/plot/svg.h"
#include "sim/train/layouts.h"
#include "sim/train/what_if.h"

namespace isobath::cli {
namespace {

constexpr int kListed             = 10;
constexpr std::size_t kLineOfHelp = 95;

std::string picture_of(const plot::Figure& figure) {
    plot::Size size = plot::natural_size(figure);
    size.width      = 1200;
    return plot::to_svg(figure, {size});
}

/// Their names, in lines of help.
std::string known_what_ifs() {
    std::string text = "What-ifs:";
    std::size_t line = text.size();
    for (const auto& [name, change] : what_if_names()) {
        const bool full = line + name.size() > kLineOfHelp;
        text += (full ? "\n" : " ") + name + ",";
        line = (full ? 0 : line + 1) + name.size() + 1;
    }
    text.back() = '.';
    return text;
}

struct Answers {
    TrainResult result;
    std::vector<WhatIf> what_ifs;
    std::optional<LayoutSweep> layouts;
};

nlohmann::json to_json(const Answers& a) {
    nlohmann::json out = isobath::to_json(a.result);
    out["what_if"]     = nlohmann::json::array();
    for (const WhatIf& w : a.what_ifs) out["what_if"].push_back(isobath::to_json(w, a.result));
    if (a.layouts) out["layouts"] = isobath::to_json(*a.layouts);
    return out;
}

std::string to_text(const Answers& a) {
    std::string text = isobath::to_text(a.result);
    for (const WhatIf& w : a.what_ifs) text += isobath::to_text(w, a.result);
    if (a.layouts) text += isobath::to_text(*a.layouts);
    return text;
}

}  // namespace

int command_train(const Call& call) {
    Flags flags(
        "train SCENARIO",
        "Predicts a training run: time of a step and where it goes, bubbles, memory, tokens per day,\n"
        "GPU-hours, money and energy of its phases, and what failures cost. SCENARIO is a file or a\n"
        "built-in name. Exit code 3: it does not fit in memory.\n" +
            known_what_ifs(),
        "isobath train deepseek-v3-training --what-if bf16 --what-if no-overlap");
    flags.positional("SCENARIO").common().overrides();
    flags.values("what-if", "NAME", "the same run otherwise, and why it costs what it costs")
        .option("layouts", "all layouts on these GPUs; the best that fit are listed")
        .value("svg", "FILE", "draw the pipeline's schedule")
        .value("layer-svg", "FILE", "draw a layer forward beside a layer backward");
    if (!flags.parse(call)) return kDone;
    const DataFiles data = flags.data();
    Answers a{train(load_scenario(flags.word("SCENARIO"), data, flags.set()), data), {}, {}};
    for (const std::string& name : flags.list("what-if")) a.what_ifs.push_back(what_if(a.result, name, data));
    if (flags.has("layouts"))
        a.layouts = sweep_layouts(TrainModel(a.result.scenario, data, a.result.sample), kListed);
    if (flags.has("svg")) write_file(flags.text("svg"), picture_of(schedule_figure(a.result)));
    if (flags.has("layer-svg")) write_file(flags.text("layer-svg"), picture_of(layer_figure(a.result, data)));
    write_out(call, flags, flags.has("json") ? to_json(a).dump(2) + "\n" : to_text(a));
    return a.result.fits() ? kDone : kNoFit;
}

}  // namespace isobath::cli
