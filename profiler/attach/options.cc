#include "profiler/attach/options.h"

#include <cstdlib>

#include "hw/text.h"

namespace isobath::attach {
namespace {

double steps_of(const std::string& text) {
    char* end          = nullptr;
    const double steps = std::strtod(text.c_str(), &end);
    if (end == text.c_str() || *end || !(steps > 0) || steps >= 1e9)
        throw UsageError("--steps " + clipped(text) + ": need a number above 0");
    return steps;
}

/// The word after an option.
const std::string& value_of(std::span<const std::string> words, std::size_t& i) {
    if (i + 1 >= words.size()) throw UsageError(words[i] + " needs a value; see --help");
    return words[++i];
}

}  // namespace

const char* const kUsage =
    R"(Usage: isobath-calibrate attach [OPTIONS] [--] COMMAND...

Runs COMMAND unchanged and records the kernels that it and its children run, summed up by name, launch and NVTX
range. A range whose text is a kernel's shape as JSON, {"kernel": "gemm", "m": 64, "n": 7168, "k": 2048,
"implementation": "torch-2.8"}, becomes a measured row. Exits as COMMAND does.

Options:
  -o, --output FILE   the recording (attach.kernels.json if left out)
  --rows FILE         measured rows of ranges that name shapes (JSON Lines, for isobath calibrate fit)
  --ranges-only       keep kernels of such ranges alone; others are only counted
  --steps N           the recording holds N steps of the model
  --library FILE      libisobath-attach.so, if it does not lie beside this program
  -h, --help          show this

Example:
  isobath-calibrate attach -o serve.kernels.json -- python serve.py
)";

Options parse_options(std::span<const std::string> words) {
    Options out;
    std::size_t i = 0;
    for (; i < words.size() && words[i].starts_with('-') && words[i] != "--"; ++i) {
        const std::string& word = words[i];
        if (word == "-h" || word == "--help")
            out.help = true;
        else if (word == "-o" || word == "--output")
            out.wishes.out = value_of(words, i);
        else if (word == "--rows")
            out.rows = value_of(words, i);
        else if (word == "--library")
            out.library = value_of(words, i);
        else if (word == "--steps")
            out.wishes.steps = steps_of(value_of(words, i));
        else if (word == "--ranges-only")
            out.wishes.ranges_only = true;
        else
            throw UsageError(
                clipped(word) +
                ": no such option; allowed: -o, --rows, --ranges-only, --steps, --library, --help");
    }
    if (i < words.size() && words[i] == "--") ++i;
    out.command.assign(words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
    if (out.command.empty() && !out.help) throw UsageError("COMMAND is missing; see --help");
    return out;
}

}  // namespace isobath::attach
