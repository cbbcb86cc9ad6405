#include "sim/cli/calibrate.h"

namespace isobath::cli {

int command_calibrate(const Call& call) {
    const std::string first = call.words.empty() ? "" : call.words.front();
    if (first == "run" || first == "attach") return calibrate_elsewhere(call);
    Flags flags(
        "calibrate run|attach|fit|import|lint|served|shapes|show [TABLE...|NAME]",
        "run     measures this machine's GPU with isobath-calibrate; --for SCENARIO: only what that one "
        "needs\n"
        "attach  learns from the kernels that a command of yours runs: isobath calibrate attach -- COMMAND\n"
        "fit     fits kernel forms to tables of measured kernels (JSON, the profiler's JSON Lines, or CSV "
        "files\n"
        "        in aiconfigurator's format; the shipped ones of --gpu if none is named) and writes a "
        "calibration\n"
        "import  the same from a folder of CSV tables, which stay where they are; with --bench: runs of "
        "your\n"
        "        own server (sglang.bench_serving, vllm bench serve, AIPerf, InferenceX, or an SGLang log)\n"
        "        beside what --scenario predicts; fits the engine's overheads and writes them (-o FILE);\n"
        "        with --trace, --nsys or --kernels: what a recorded program ran, by class of kernel; -o "
        "writes\n"
        "        measured shapes as rows for fit, --scenario sets times beside its plan's\n"
        "lint    lists the rows of such tables that cannot be right, rule by rule; import leaves them out\n"
        "served  fits engine constants to the published served runs, each fold unseen once (minutes)\n"
        "shapes  the kernels of a SCENARIO as a list of shapes to measure\n"
        "show    errors of a calibration by kernel family, on rows it was fitted to and on rows it was not",
        "isobath calibrate show h800");
    flags.positional("ACTION")
        .positional("FILE", true)
        .common()
        .overrides()
        .value("gpu", "NAME", "the GPU that was measured; h800 if left out")
        .value("base", "NAME",
               "fit: a calibration that measured rows are laid over; it serves where they are too few")
        .value("silicon", "DIR", "import, lint: the folder (or file) of CSV tables")
        .option("keep-points", "import: keep measured GEMMs and MLA decodes, which then go before the fit")
        .value("comm", "NAME", "import: a preset of scenarios/comm, not a calibration")
        .values("bench", "FILE", "import: results of serving benchmarks, or a server's log")
        .value("trace", "FILE", "import: a Chrome trace, as PyTorch's profiler writes it")
        .value("nsys", "FILE", "import: an SQLite export of Nsight Systems")
        .value("kernels", "FILE", "import: what isobath-calibrate attach recorded")
        .value("scenario", "SCENARIO", "import --bench, --trace, --nsys, --kernels: what the program runs")
        .value("engines", "DIR", "served: where to write the engine presets with the fitted constants")
        .value("svg", "FILE", "show: draw what the fits say of held-back rows against what was measured");
    if (!flags.parse(call)) return kDone;
    const std::string action = flags.word("ACTION");
    if (action == "fit") return calibrate_fit(call, flags, flags.list("FILE"));
    if (action == "import" && imports_recording(flags)) return calibrate_recording(call, flags);
    if (action == "import")
        return flags.has("bench") ? calibrate_bench(call, flags) : calibrate_import(call, flags);
    if (action == "served") return calibrate_served(call, flags);
    if (action == "lint") return calibrate_lint(call, flags);
    if (action == "show") return calibrate_show(call, flags, flags.list("FILE"));
    if (action == "shapes") return calibrate_shapes(call, flags, flags.list("FILE"));
    throw SpecError("isobath calibrate: no action \"" + action +
                    "\"; allowed: run, attach, fit, import, lint, served, shapes, show");
}

}  // namespace isobath::cli
