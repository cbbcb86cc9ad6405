// isobath calibrate served | import --bench: engine constants from published runs, and from a user's own.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/cli/calibrate.h"
#include "sim/served/import_bench.h"
#include "sim/validate/served_runs.h"

namespace isobath::cli {

namespace {

/// The engines' presets with the constants of the fit to all runs.
void write_engines(const DataFiles& data, const ServedFit& fit, const std::string& folder) {
    const DataFiles fitted = with_constants(data, fit.constants);
    std::set<std::string> files;
    for (const ServedConstant& c : fit.constants) files.insert(c.file);
    for (const std::string& file : files)
        write_file((std::filesystem::path(folder) / std::filesystem::path(file).filename()).string(),
                   parse_json(*fitted.find(file), file).dump(2) + "\n");
}

}  // namespace

int calibrate_served(const Call& call, const Flags& flags) {
    const DataFiles data            = flags.data();
    const auto runs                 = served_runs(data);
    const ServedCross cross         = cross_validate(runs, data);
    const nlohmann::json parameters = parse_json(*data.find(kServedFile), kServedFile)["parameters"];
    call.out << to_text(cross, runs);
    if (flags.has("engines")) write_engines(data, cross.all, flags.text("engines"));
    if (flags.has("output")) write_out(call, flags, to_json(cross, parameters).dump(1) + "\n");
    return kDone;
}

int calibrate_bench(const Call& call, const Flags& flags) {
    if (!flags.has("scenario"))
        throw SpecError(
            "isobath calibrate import --bench: needs --scenario, how the server runs; "
            "isobath presets lists built-in ones");
    const DataFiles data    = flags.data();
    const Scenario scenario = load_scenario(flags.text("scenario"), data, {});
    if (scenario.phase != Phase::serve)
        fail_at(scenario.file, "/phase", "benchmarks run against a server; allowed: serve");
    std::vector<BenchRun> runs;
    for (const std::string& file : flags.list("bench"))
        for (const BenchRun& run : read_bench(read_text(file), file)) runs.push_back(run);
    const BenchImport import = import_bench(scenario, runs, data);
    if (flags.has("output")) write_out(call, flags, engine_of(import).dump(2) + "\n");
    if (!flags.has("output") && flags.has("json"))
        call.out << to_json(import).dump(2) << "\n";
    else
        call.out << to_text(import);
    return kDone;
}

}  // namespace isobath::cli
