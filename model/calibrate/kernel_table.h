/// Measured kernel times as their sources print them: what a calibration is fitted to.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hw/data.h"
#include "model/op.h"

namespace isobath {

/// One measured row.
struct KernelSample {
    Op op;
    Seconds time;
    std::string key      = {};     ///< what a message calls the row, where its source says
    bool held_back       = false;  ///< not to be fitted: the fit is judged by it
    Seconds beside       = {};     ///< of `time`, what other kernels took, where a row times several
    std::vector<Op> then = {};     ///< kernels that ran after `op` and are in `time`
    bool alone = false;  ///< nothing but `op`, from a cold L2: no quantising, no operands used again
};

/// The rows of one table: one kernel, one implementation, one source.
struct KernelTable {
    std::string name;            ///< of the file
    std::string kernel;          ///< what the rows time: "gemm_fp8", "grouped_masked", "mla_decode", ...
    std::string implementation;  ///< "deepgemm-2025-02-25"
    std::string measured_on, source;
    std::vector<KernelSample> samples;
};

/// Reads a table ("schema": 1). Columns are the kernel's shape and "time_us" or "tflops" (turned into time).
///
/// "slowed_by": the kernels ran beside others that slowed them by this factor; it is taken out, so that a
/// sample's time is that of the kernel alone.
///
/// Throws SpecError if a column is missing or unknown, or a row has a wrong length or a number below 0.
KernelTable read_kernel_table(const nlohmann::json& json, const std::string& name, const std::string& file);

/// All tables under hw/calibrations/`gpu`/tables, by name.
std::vector<KernelTable> load_kernel_tables(const DataFiles& data, const std::string& gpu);

}  // namespace isobath
