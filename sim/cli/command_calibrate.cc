#include "sim/cli/calibrate.h"

namespace isobath::cli {

int command_calibrate(const Call& call) {
    Flags flags(
        "calibrate fit|import|lint|served|show [TABLE...|NAME]",
        "fit: fits kernel forms to tables of measured kernels (the shipped ones of --gpu if none is named; "
        "JSON,\n"
        "or CSV files and folders in aiconfigurator's format) and writes a calibration.\n"
        "import: the same from a folder of CSV tables, which stay where they are.\n"
        "import --bench: runs of your own server (sglang.bench_serving, vllm bench serve, AIPerf, "
        "InferenceX, or "
        "an\n"
        "SGLang log) beside what --scenario predicts; fits the engine's overheads and writes them (-o "
        "FILE).\n"
        "served: fits engine constants to the published served runs, each fold unseen once (minutes).\n"
        "lint: lists the rows of such tables that cannot be right, rule by rule; import leaves them out.\n"
        "show: errors of a calibration by kernel family, on rows it was fitted to and on rows it was not.",
        "isobath calibrate show h800");
    flags.positional("ACTION")
        .positional("FILE", true)
        .common()
        .value("gpu", "NAME", "the GPU that was measured; h800 if left out")
        .value("silicon", "DIR", "import, lint: the folder (or file) of CSV tables")
        .option("keep-points", "import: keep measured GEMMs and MLA decodes, which then go before the fit")
        .value("comm", "NAME", "import: a preset of scenarios/comm, not a calibration")
        .values("bench", "FILE", "import: results of serving benchmarks, or a server's log")
        .value("scenario", "SCENARIO", "import --bench: how the server runs")
        .value("engines", "DIR", "served: where to write the engine presets with the fitted constants")
        .value("svg", "FILE", "show: draw what the fits say of held-back rows against what was measured");
    if (!flags.parse(call)) return kDone;
    const std::string action = flags.word("ACTION");
    if (action == "fit") return calibrate_fit(call, flags, flags.list("FILE"));
    if (action == "import")
        return flags.has("bench") ? calibrate_bench(call, flags) : calibrate_import(call, flags);
    if (action == "served") return calibrate_served(call, flags);
    if (action == "lint") return calibrate_lint(call, flags);
    if (action == "show") return calibrate_show(call, flags, flags.list("FILE"));
    if (action == "run" || action == "attach")
        throw SpecError("isobath calibrate " + action + ": not built with CUDA; it needs isobath-calibrate");
    throw SpecError("isobath calibrate: no action \"" + action +
                    "\"; allowed: fit, import, lint, served, show, run, attach");
}

}  // namespace isobath::cli
