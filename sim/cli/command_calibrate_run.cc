#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <sys/mman.h>
#include <unistd.h>

#include "sim/cli/calibrate.h"
#include "sim/cli/program.h"
#include "sim/shapes.h"

namespace isobath::cli {
namespace {

/// The shapes of a scenario in a file that `isobath-calibrate` reads. It lies in memory, so that two runs
/// have no name in common and nothing stays behind, and is left open for the program that this process
/// becomes.
std::string write_shapes(const std::string& scenario_file) {
    const DataFiles data;
    const Scenario scenario = load_scenario(scenario_file, data, {});
    const std::string text  = shapes_json(shapes_of(scenario, data).points, scenario.name);
    const int file          = memfd_create("isobath-shapes", 0);
    if (file < 0 || write(file, text.data(), text.size()) != ssize_t(text.size()))
        throw std::runtime_error("a file in memory: " + std::string(std::strerror(errno)));
    return "/proc/self/fd/" + std::to_string(file);
}

/// "--for SCENARIO" becomes "--shapes FILE": what a scenario needs is known here and not in the profiler.
void replace_scenario(std::vector<std::string>& words) {
    const auto at = std::find(words.begin(), words.end(), "--for");
    if (at == words.end()) return;
    if (at + 1 == words.end()) throw SpecError("isobath calibrate run: --for needs a SCENARIO");
    *at       = "--shapes";
    *(at + 1) = write_shapes(*(at + 1));
}

}  // namespace

int calibrate_elsewhere(const Call& call) {
    const std::string& action = call.words.front();
    const std::string program = find_program("isobath-calibrate");
    if (program.empty())
        throw SpecError("isobath calibrate " + action +
                        ": not built with CUDA; it needs the program isobath-calibrate");
    std::vector<std::string> words = call.words;
    if (action == "run") replace_scenario(words);
    become_program(program, words);
}

}  // namespace isobath::cli
