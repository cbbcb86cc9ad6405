#include "profiler/attach/environment.h"

#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace isobath::attach {
namespace {

constexpr const char *kOut = "ISOBATH_ATTACH_OUT", *kRangesOnly = "ISOBATH_ATTACH_RANGES_ONLY",
                     *kSteps = "ISOBATH_ATTACH_STEPS";

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

}  // namespace

Wishes read_wishes() {
    Wishes out;
    if (!variable(kOut).empty()) out.out = variable(kOut);
    out.ranges_only    = variable(kRangesOnly) == "1";
    const double steps = std::strtod(variable(kSteps).c_str(), nullptr);
    if (steps > 0 && steps < 1e9) out.steps = steps;
    return out;
}

std::map<std::string, std::string> environment_of(const Wishes& wishes, const std::string& library) {
    std::ostringstream steps;
    steps << wishes.steps;
    return {{kOut, std::filesystem::absolute(wishes.out).string()},
            {kRangesOnly, wishes.ranges_only ? "1" : "0"},
            {kSteps, steps.str()},
            {"CUDA_INJECTION64_PATH", library},
            {"NVTX_INJECTION64_PATH", library}};
}

}  // namespace isobath::attach
