#include <filesystem>
#include <nlohmann/json.hpp>

#include "model/calibrate/fit_calibration.h"
#include "model/calibrate/judge.h"
#include "model/calibrate/silicon_kernels.h"
#include "sim/cli/calibrate.h"

namespace isobath::cli {
namespace {

bool holds_silicon(const std::string& file) {
    return std::filesystem::is_directory(file) || std::filesystem::path(file).extension() == ".csv";
}

std::vector<KernelTable> tables_in(const std::string& file, const std::string& gpu) {
    if (holds_silicon(file)) return kernel_tables(read_silicon(file, gpu));
    return {read_kernel_table(read_json(file), file, file)};
}

/// Tables named on the command line, or those that ship for the GPU.
std::vector<KernelTable> tables_of(const std::vector<std::string>& files, const DataFiles& data,
                                   const std::string& gpu) {
    if (files.empty()) return load_kernel_tables(data, gpu);
    std::vector<KernelTable> tables;
    for (const std::string& file : files)
        for (KernelTable& table : tables_in(file, gpu)) tables.push_back(std::move(table));
    return tables;
}

}  // namespace

int calibrate_fit(const Call& call, const Flags& flags, const std::vector<std::string>& files) {
    const DataFiles data   = flags.data();
    const std::string name = flags.text("gpu", "h800");
    const GpuSpec gpu      = load_gpu(data, name);
    const auto tables      = tables_of(files, data, name);
    if (tables.empty()) throw SpecError("isobath calibrate fit: no tables for " + name + "; name some files");
    Calibration fitted = fit_calibration(gpu, tables, name);
    judge_calibration(fitted, gpu, tables);
    write_out(call, flags, to_json(fitted));
    return kDone;
}

int calibrate_import(const Call& call, const Flags& flags) {
    if (!flags.has("silicon"))
        throw SpecError(
            "isobath calibrate import: --silicon DIR is missing; it names a folder of CSV tables");
    return calibrate_fit(call, flags, {flags.text("silicon")});
}

}  // namespace isobath::cli
