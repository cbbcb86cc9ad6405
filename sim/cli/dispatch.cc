#include <algorithm>
#include <exception>
#include <ostream>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "sim/cli/command.h"
#include "sim/cli/program.h"

namespace isobath::cli {
namespace {

constexpr Command kCommands[] = {
    {"run", "how long does a step take, why, does it fit, what does it cost?", command_run},
    {"explain", "where does this number come from: equation, inputs, source, interval?", command_explain},
    {"compare", "what changes between two scenarios, operation by operation?", command_compare},
    {"curve", "what does each user lose as each GPU serves more of them?", command_curve},
    {"serve", "what do users see (TTFT, TPOT percentiles) under this load?", command_serve},
    {"balance", "how uneven are the experts, and what do placement and replication do about it?",
     command_balance},
    {"speculate", "which depth and threshold of drafting pay, at which batch and precision?",
     command_speculate},
    {"plan", "which deployment serves this load within its SLO, at the least cost?", command_plan},
    {"numerics", "what does this precision do to GEMMs, MLA, the router and acceptance?", command_numerics},
    {"train", "how long does a training run take, why, and what does it cost?", command_train},
    {"calibrate", "what does this hardware really take?", command_calibrate},
    {"sweep", "what does every point of a grid or a sample give? resumable, on threads, MPI ranks or Slurm",
     command_sweep},
    {"validate", "how far are the predictions from published measurements?", command_validate},
    {"presets", "which models, GPUs, clusters, calibrations and engines are built in?", command_presets},
    {"schema", "what may stand in a scenario file: JSON Schema", command_schema},
};

std::string overview() {
    std::string text =
        "Isobath: how to serve DeepSeek-class models, what users will feel, and what it costs.\n\nUsage: "
        "isobath COMMAND ...\n\n";
    for (const Command& c : kCommands) text += fmt::format("  {:<10} {}\n", c.name, c.question);
    return text +
           "\nisobath COMMAND --help shows flags and an example. isobath --version shows what was built "
           "in.\n";
}

std::string version() {
    std::string text = "isobath " ISOBATH_VERSION "\nbuilt in:";
    for (const Command& c : kCommands) text += " " + std::string(c.name);
    const auto which = [](const char* program, const char* what) {
        return find_program(program).empty() ? fmt::format("not here: {} ({})\n", what, program)
                                             : fmt::format("beside it: {} ({})\n", what, program);
    };
    return text + "\n" + which("isobath-calibrate", "CUDA profiler") + which("isobath-gui", "window") +
           which("isobath-mpi", "MPI, for sweeps");
}

int dispatch(const std::vector<std::string>& words, std::ostream& out, std::ostream& err, bool colour) {
    const std::string first = words.empty() ? "--help" : words.front();
    if (first == "--help" || first == "-h" || first == "help") return out << overview(), kDone;
    if (first == "--version") return out << version(), kDone;
    for (const Command& c : kCommands)
        if (c.name == first) return c.run({{words.begin() + 1, words.end()}, out, err, colour});
    std::vector<std::string_view> names;
    for (const Command& c : kCommands) names.push_back(c.name);
    const std::string_view near = nearest(first, names);
    throw SpecError(
        fmt::format("isobath: no command \"{}\"; {}", clipped(first),
                    near.empty() ? "see isobath --help" : fmt::format("did you mean \"{}\"?", near)));
}

}  // namespace

std::span<const Command> commands() {
    return kCommands;
}

int run_main(const std::vector<std::string>& words, std::ostream& out, std::ostream& err, bool colour) {
    try {
        return dispatch(words, out, err, colour);
    } catch (const SpecError& e) {
        err << clipped(e.what(), 1000) << "\n";
        return kUserError;
    } catch (const std::exception& e) {
        err << "isobath: internal error, please report: " << clipped(e.what(), 1000) << "\n";
        return kBug;
    }
}

}  // namespace isobath::cli
