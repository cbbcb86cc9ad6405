#include <boost/program_options/errors.hpp>
#include <exception>
#include <iostream>
#include <string_view>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "profiler/attach/command_attach.h"
#include "profiler/cli/commands.h"
#include "profiler/cuda_check.h"

namespace isobath {
namespace {

struct Command {
    std::string_view name, answers;
    int (*run)(int argc, char** argv);  ///< argv[0] is the command's name
};

template <int (*command)(const Words&)>
int with_words(int argc, char** argv) {
    return command(Words(argv + 1, argv + argc));
}

constexpr Command kCommands[] = {
    {"run", "measures kernels and appends a row each", with_words<command_run>},
    {"list", "what can be measured here, and why not the rest", with_words<command_list>},
    {"summary", "what a file of rows holds, in short", with_words<command_summary>},
    {"attach", "measures the kernels of an unmodified program", attach::command_attach},
};

int overview() {
    std::cout << "Measures what this machine's GPU really takes.\n\nUsage: isobath-calibrate COMMAND ...\n\n";
    for (const Command& each : kCommands)
        std::cout << "  " << each.name << std::string(9 - each.name.size(), ' ') << each.answers << "\n";
    std::cout
        << "\nisobath-calibrate COMMAND --help shows flags and an example. Libraries are looked for in the "
           "folders\nof ISOBATH_CUDA_LIBS, in LD_LIBRARY_PATH and where the loader looks.\n";
    return 0;
}

int dispatch(int argc, char** argv) {
    const std::string first = argc < 2 ? "--help" : argv[1];
    if (first == "--help" || first == "-h" || first == "help") return overview();
    if (first == "--version") return std::cout << "isobath-calibrate " ISOBATH_VERSION "\n", 0;
    for (const Command& each : kCommands)
        if (each.name == first) return each.run(argc - 1, argv + 1);
    throw SpecError("isobath-calibrate: no command \"" + clipped(first) + "\"; see isobath-calibrate --help");
}

int fail(int code, const std::string& message) {
    std::cerr << clipped(message, 1000) << "\n";
    return code;
}

}  // namespace
}  // namespace isobath

int main(int argc, char** argv) {
    using namespace isobath;
    try {
        return dispatch(argc, argv);
    } catch (const SpecError& e) {
        return fail(2, e.what());
    } catch (const boost::program_options::error& e) {
        return fail(2, std::string("isobath-calibrate: ") + e.what());
    } catch (const CudaError& e) {
        return fail(1, std::string("isobath-calibrate: the GPU cannot go on: ") + e.what() +
                           "; run again for the rest");
    } catch (const std::exception& e) {
        return fail(1, std::string("isobath-calibrate: internal error, please report: ") + e.what());
    }
}
