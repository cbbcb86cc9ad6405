/// A user's own runs against the model: predicted beside measured, and the engine's overheads fitted to them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/scenario.h"
#include "sim/served/bench_files.h"
#include "sim/served/fit_served.h"

namespace isobath {

struct BenchImport {
    std::vector<BenchRun> runs;
    std::vector<ServedError> before, after;  ///< log(predicted / measured) of each run
    std::vector<ServedConstant> constants;   ///< of the engine alone: kernels stay as they are
    std::string engine;                      ///< preset that they change
    double inside = 0;                       ///< share of measured values within the predicted 80 % interval
};

/// `scenario` says how the server runs (model, GPUs, layout, engine); each run sets its clients and lengths.
/// One constant is fitted for every eight measured values, at least one and at most three: step overhead,
/// front end, prefill overhead; the rest stay. Runs of a server log decode only.
BenchImport import_bench(const Scenario& scenario, std::vector<BenchRun> runs, const DataFiles& data);

/// An engine for scenario files: {"extends": NAME, "host_step_overhead": {...}, ...}.
nlohmann::json engine_of(const BenchImport& import);
nlohmann::json to_json(const BenchImport& import);
std::string to_text(const BenchImport& import);

}  // namespace isobath
