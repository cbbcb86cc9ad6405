#include <filesystem>
#include <ostream>

#include <fmt/format.h>

#include "model/calibrate/fit_calibration.h"
#include "model/calibrate/judge.h"
#include "model/calibrate/keep_points.h"
#include "model/calibrate/measured_tables.h"
#include "model/calibrate/mla_modules.h"
#include "model/calibrate/silicon_import.h"
#include "model/calibrate/silicon_kernels.h"
#include "sim/cli/calibrate.h"

namespace isobath::cli {
namespace {

bool holds_silicon(const std::string& file) {
    return std::filesystem::is_directory(file) || std::filesystem::path(file).extension() == ".csv";
}

bool is_measured(const std::string& file) {
    return std::filesystem::path(file).extension() == ".jsonl";
}

/// Rows that the profiler measured; `call.err` hears of those that reach no fit.
std::vector<KernelTable> measured_in(const Call& call, const std::string& file, const std::string& gpu) {
    MeasuredTables measured = measured_tables(read_measurements(std::filesystem::path(file)), gpu, file);
    for (const LeftOutRows& rows : measured.left_out)
        call.err << fmt::format("left out: {} ({} rows): {}\n", rows.what, rows.rows, rows.reason);
    return std::move(measured.tables);
}

std::vector<KernelTable> tables_in(const Call& call, const std::string& file, const DataFiles& data,
                                   const std::string& gpu) {
    if (is_measured(file)) return measured_in(call, file, gpu);
    if (holds_silicon(file)) return kernel_tables(import_silicon(data, file, gpu).tables);
    return {read_kernel_table(read_json(file), file, file)};
}

/// Tables named on the command line, or those that ship for the GPU.
std::vector<KernelTable> tables_of(const Call& call, const std::vector<std::string>& files,
                                   const DataFiles& data, const std::string& gpu) {
    if (files.empty()) return load_kernel_tables(data, gpu);
    std::vector<KernelTable> tables;
    for (const std::string& file : files)
        for (KernelTable& table : tables_in(call, file, data, gpu)) tables.push_back(std::move(table));
    return tables;
}

/// Attention modules, which hold several kernels a row.
std::vector<ModuleTable> modules_in(const std::vector<SiliconTable>& tables, const DataFiles& data) {
    return tables.empty() ? std::vector<ModuleTable>{}
                          : module_tables(tables, load_model(data, "deepseek-v3"));
}

std::vector<SiliconTable> silicon_of(const std::vector<std::string>& files, const DataFiles& data,
                                     const std::string& gpu) {
    std::vector<SiliconTable> out;
    for (const std::string& file : files) {
        if (!holds_silicon(file)) continue;
        for (SiliconTable& table : import_silicon(data, file, gpu).tables) out.push_back(std::move(table));
    }
    return out;
}

Calibration fit(const DataFiles& data, const std::string& name, const std::vector<KernelTable>& tables,
                const std::vector<ModuleTable>& modules) {
    if (tables.empty()) throw SpecError("isobath calibrate fit: no tables for " + name + "; name some files");
    const GpuSpec gpu  = load_gpu(data, name);
    Calibration fitted = fit_calibration(gpu, tables, name);
    prefer_libraries(fitted);
    judge_calibration(fitted, gpu, tables);
    fit_modules(fitted, gpu, modules);
    fit_module_cores(fitted, gpu, modules);
    return fitted;
}

/// The calibration called `name`, or the one in a file of the user's.
Calibration named_calibration(const DataFiles& data, const std::string& name) {
    return name.ends_with(".json")
               ? read_calibration(read_json(name), std::filesystem::path(name).stem(), name)
               : load_calibration(data, name);
}

/// A calibration with measured rows on top: what can be fitted is, and every row is kept as a point.
Calibration fit_over(const Call& call, const DataFiles& data, const std::string& name, Calibration base,
                     const std::vector<std::string>& files) {
    if (base.gpu != name)
        throw SpecError("isobath calibrate fit: --base is of " + base.gpu + ", the rows are of " + name);
    std::vector<KernelTable> tables = tables_of(call, files, data, name), few;
    for (const std::string& file : files)
        if (is_measured(file))
            for (KernelTable& table :
                 measured_tables(read_measurements(std::filesystem::path(file)), name, file).too_few)
                few.push_back(std::move(table));
    if (!tables.empty()) {
        Calibration fitted = fit(data, name, tables, modules_in(silicon_of(files, data, name), data));
        keep_points(fitted, tables);
        lay_over(base, fitted);
    }
    lay_points_over(base, few);
    return base;
}

/// What stood in the folder and what the fit made of it; on the terminal only while the file goes elsewhere.
std::string summary(const SiliconImport& import, const Calibration& fitted) {
    return fmt::format(
               "{} times in {} files of {}: {} break a rule and are left out (isobath calibrate lint lists "
               "them), {} are held back to judge by\n\n",
               import.rows, import.files, fitted.gpu, import.left_out, import.held_back) +
           errors_text(fitted);
}

}  // namespace

int calibrate_fit(const Call& call, const Flags& flags, const std::vector<std::string>& files) {
    const DataFiles data   = flags.data();
    const std::string name = flags.text("gpu", "h800");
    if (flags.has("base")) {
        const Calibration base = named_calibration(data, flags.text("base"));
        write_out(call, flags, to_json(fit_over(call, data, name, base, files)));
        return kDone;
    }
    const auto modules = modules_in(silicon_of(files, data, name), data);
    write_out(call, flags, to_json(fit(data, name, tables_of(call, files, data, name), modules)));
    return kDone;
}

int calibrate_import(const Call& call, const Flags& flags) {
    if (!flags.has("silicon"))
        throw SpecError(
            "isobath calibrate import: --silicon DIR is missing; it names a folder of CSV tables");
    if (flags.has("comm")) return calibrate_comm(call, flags);
    const DataFiles data       = flags.data();
    const std::string name     = flags.text("gpu", "h800");
    const SiliconImport import = import_silicon(data, flags.text("silicon"), name);
    const auto tables          = kernel_tables(import.tables);
    Calibration fitted         = fit(data, name, tables, modules_in(import.tables, data));
    if (flags.has("keep-points")) keep_points(fitted, tables);
    write_out(call, flags, to_json(fitted));
    if (flags.has("output")) call.out << summary(import, fitted);
    return kDone;
}

}  // namespace isobath::cli
