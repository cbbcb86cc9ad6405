#include "profiler/attach/command_attach.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "hw/whole_file.h"
#include "profiler/attach/child_files.h"
#include "profiler/attach/options.h"
#include "profiler/attach/run_command.h"
#include "profiler/attach/summary.h"

namespace isobath::attach {
namespace {

namespace fs = std::filesystem;

constexpr int kUserError = 2;

void say(const std::string& what) {
    std::cerr << "isobath-calibrate attach: " << what << std::endl;
}

void write_rows(const std::string& path, const RecordedKernels& recorded) {
    const Measurements measured = measured_ranges(recorded);
    std::string text            = to_line(measured.device);
    for (const MeasuredRow& row : measured.rows) text += to_line(row);
    if (!write_whole(path, text)) say(path + ": cannot write");
}

void finish(const Options& options) {
    std::vector<std::string> faults;
    const auto recorded = merge_children(options.wishes.out, faults);
    for (const std::string& fault : faults) say(fault);
    if (!recorded)
        return say(
            "nothing was recorded: no process of the command ran a kernel under CUDA with CUPTI at hand");
    if (!write_whole(options.wishes.out, to_text(*recorded)))
        return say(options.wishes.out + ": cannot write");
    if (faults.empty()) remove_children(options.wishes.out);
    if (!options.rows.empty()) write_rows(options.rows, *recorded);
    say(options.wishes.out + ": " + summary(*recorded));
}

int attach(const Options& options) {
    const std::string library = attach_library(options.library);
    if (library.empty()) throw UsageError("libisobath-attach.so was not found; name it with --library");
    remove_children(options.wishes.out);
    const int code = run_command(options.command, environment_of(options.wishes, library));
    finish(options);
    return code;
}

}  // namespace

std::string attach_library(const std::string& named) {
    const char* variable = std::getenv("ISOBATH_ATTACH_LIBRARY");
    std::error_code error;
    const fs::path own = fs::read_symlink("/proc/self/exe", error).parent_path();
    std::vector<fs::path> places{named, variable ? variable : ""};
    if (named.empty()) {
        places.insert(places.end(), {own / "libisobath-attach.so", own / "../lib/libisobath-attach.so"});
        places.emplace_back(ISOBATH_ATTACH_BUILT);
    }
    for (const fs::path& place : places)
        if (!place.empty() && fs::is_regular_file(place, error))
            return fs::absolute(place).lexically_normal();
    return "";
}

int command_attach(int argc, char** argv) try {
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    const Options options = parse_options(words);
    if (options.help) {
        std::cout << kUsage;
        return 0;
    }
    return attach(options);
} catch (const UsageError& e) {
    say(e.what());
    return kUserError;
}

}  // namespace isobath::attach
