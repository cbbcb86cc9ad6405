/// What `isobath sweep` says of a folder: how far it is, and why points cannot be.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sim/sweep/results.h"
#include "sim/sweep/run_sweep.h"
#include "sim/sweep/sweep.h"

namespace isobath::sweep {

struct Report {
    std::string name, run, folder;
    std::string file;  ///< merged into; empty: not merged
    Tally tally;
    std::size_t parts = 0;
};

nlohmann::json to_json(const Report& report);
std::string to_text(const Report& report);

/// "41 % · 402,000 points · 131,000/s · 4 s left": `found` counts as done at no cost.
std::string to_text(const Progress& progress);

}  // namespace isobath::sweep
