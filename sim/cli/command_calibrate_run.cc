#include <algorithm>
#include <filesystem>

#include <unistd.h>

#include "sim/cli/calibrate.h"
#include "sim/cli/program.h"
#include "sim/shapes.h"

namespace isobath::cli {
namespace {

/// The shapes of a scenario in a file that `isobath-calibrate` reads.
std::string write_shapes(const std::string& scenario_file) {
    const DataFiles data;
    const Scenario scenario = load_scenario(scenario_file, data, {});
    const auto folder       = std::filesystem::temp_directory_path();
    const std::string file  = folder / ("isobath-shapes-" + std::to_string(getpid()) + ".json");
    write_file(file, shapes_json(shapes_of(scenario, data).points, scenario.name));
    return file;
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
