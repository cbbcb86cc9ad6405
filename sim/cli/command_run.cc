#include <nlohmann/json.hpp>
#include <ostream>

#include "sim/cli/flags.h"
#include "sim/plot/svg.h"
#include "sim/run_result.h"
#include "sim/timeline_figure.h"

namespace isobath::cli {

namespace {

/// Wide enough for a layer's kernels to be told apart.
std::string picture_of(const RunResult& result) {
    const plot::Figure figure = timeline_figure(result);
    plot::Size size           = plot::natural_size(figure);
    size.width                = 1200;
    return plot::to_svg(figure, {size});
}

}  // namespace

int command_run(const Call& call) {
    Flags flags("run SCENARIO",
                "Predicts one step of a deployment: how long it takes and why, whether it fits in memory,\n"
                "what users feel and what a million tokens cost. SCENARIO is a file or a built-in name.\n"
                "Exit code 3: it does not fit.",
                "isobath run deepseek-v3-decode-ep128-h800 --set workload.batch_per_gpu=64");
    flags.positional("SCENARIO").common().overrides();
    flags.value("trace", "FILE", "write a Chrome/Perfetto trace of the timeline");
    flags.value("svg", "FILE", "draw two layers of the timeline");
    if (!flags.parse(call)) return kDone;
    const DataFiles data    = flags.data();
    const Scenario scenario = load_scenario(flags.word("SCENARIO"), data, flags.set());
    const RunResult result  = run_scenario(scenario, data);
    if (flags.has("trace")) write_file(flags.text("trace"), to_trace(result));
    if (flags.has("svg")) write_file(flags.text("svg"), picture_of(result));
    write_out(call, flags,
              flags.has("json") ? to_json(result).dump(2) + "\n"
                                : to_text(result, call.colour && !flags.has("output")));
    return result.fits ? kDone : kNoFit;
}

}  // namespace isobath::cli
