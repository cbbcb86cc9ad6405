#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "model/calibrate/fit_calibration.h"
#include "sim/cli/flags.h"

namespace isobath::cli {
namespace {

/// Tables named on the command line, or those that ship for the GPU.
std::vector<KernelTable> tables_of(const std::vector<std::string>& files, const DataFiles& data,
                                   const std::string& gpu) {
    std::vector<KernelTable> tables;
    for (const std::string& file : files) tables.push_back(read_kernel_table(read_json(file), file, file));
    return files.empty() ? load_kernel_tables(data, gpu) : tables;
}

int fit(const Call& call, const Flags& flags, const std::vector<std::string>& files) {
    const DataFiles data  = flags.data();
    const std::string gpu = flags.text("gpu", "h800");
    const auto tables     = tables_of(files, data, gpu);
    if (tables.empty()) throw SpecError("isobath calibrate fit: no tables for " + gpu + "; name some files");
    write_out(call, flags, to_json(fit_calibration(load_gpu(data, gpu), tables, gpu)));
    return kDone;
}

std::string row(const char* family, const std::string& name, bool preferred, const Residuals& r) {
    return fmt::format("  {:<15} {:<28} {:>5} {:>8.1f} % {:>8.1f} % {:>8.1f} %\n", family,
                       name + (preferred ? " *" : ""), r.rows, 100 * r.median, 100 * r.p90, 100 * r.worst);
}

int show(const Call& call, const Flags& flags, const std::vector<std::string>& names) {
    const DataFiles data    = flags.data();
    const std::string name  = names.empty() ? "h800" : names.front();
    const Calibration shown = load_calibration(data, name);
    std::string text        = fmt::format(
               "Calibration {}: fitted forms against their tables (* default)\n  {:<15} {:<28} {:>5} {:>10} {:>10} "
                      "{:>10}\n",
               name, "family", "implementation", "rows", "median", "p90", "worst");
    each_family(shown, [&](const char* key, const auto& family) {
        for (const auto& each : family.implementations)
            text += row(key, each.name, each.name == family.preferred, each.residuals);
    });
    write_out(call, flags, flags.has("json") ? to_json(shown) : text);
    return kDone;
}

}  // namespace

int command_calibrate(const Call& call) {
    Flags flags(
        "calibrate fit|show [TABLE...|NAME]",
        "fit: fits kernel forms to tables of measured kernels (the shipped ones of --gpu if none is named)\n"
        "and writes a calibration. show: residuals of a calibration by kernel family.",
        "isobath calibrate show h800");
    flags.positional("ACTION")
        .positional("FILE", true)
        .common()
        .value("gpu", "NAME", "the GPU that was measured; h800 if left out");
    if (!flags.parse(call)) return kDone;
    const std::string action = flags.word("ACTION");
    if (action == "fit") return fit(call, flags, flags.list("FILE"));
    if (action == "show") return show(call, flags, flags.list("FILE"));
    if (action == "run" || action == "attach")
        throw SpecError("isobath calibrate " + action + ": not built with CUDA; it needs isobath-calibrate");
    throw SpecError("isobath calibrate: no action \"" + action + "\"; allowed: fit, show, run, attach");
}

}  // namespace isobath::cli
