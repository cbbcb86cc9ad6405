/// How the columns of a silicon table tell what it times.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hw/units.h"

namespace isobath {

/// One thing that a file may time. A file of DeepEP times two: its rows hold a dispatch and a combine.
struct SiliconFamily {
    const char* name;
    std::vector<std::string_view> columns;  ///< that a file must have, beside those of every file
    std::vector<std::string_view> ops;      ///< what op_name may say; empty: there is no such column
    std::vector<std::string_view> times;    ///< columns that add up to the row's time
    Seconds unit;                           ///< of the times
};

/// Every family, more special ones first: a file belongs to the first whose columns and op it has.
std::span<const SiliconFamily> silicon_families();

/// A column that holds a measured value: it is no part of a row's key.
bool is_measured(std::string_view column);
/// A column that says who measured: no part of a row's key either.
bool is_provenance(std::string_view column);
/// A column whose cells must be numbers.
bool is_numeric(std::string_view column);
/// Whether any family uses the column.
bool is_known(std::string_view column);

/// "trtllm-1.3.0rc20" from the cells of framework, version and kernel_source; "trtllm-1.3.0rc20-cutlass"
/// where the library has several kernels for the same experts.
std::string implementation_of(const std::string& framework, const std::string& version,
                              const std::string& kernel_source);

}  // namespace isobath
