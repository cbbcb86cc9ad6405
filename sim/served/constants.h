/// Constants of data files that a fit to served runs may move, and where each lies.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "hw/data.h"

namespace isobath {

/// One fitted constant: the figure {"value", "low", "high", ...} at `at` in the data file `file`.
struct ServedConstant {
    std::string name;               ///< "sglang step overhead", for tables
    std::vector<std::string> also;  ///< further places of the same file that take the same value
    std::string file, at;           ///< "scenarios/engines/sglang-0.5.9.json", "/front_end"
    double start = 1, low = 0,
           high  = 0;  ///< seconds where the figure is a time, else plain; low == high: held
    double prior = 0;  ///< deviation of the logarithm that is plausible before any run is seen; 0: none
    double value = 0, value_low = 0, value_high = 0;  ///< as fitted, with the 80 % interval
};

/// Reads {"parameters": [{"name", "file", "at", "start", "low", "high", "prior"}, ...]}; quantities as text.
std::vector<ServedConstant> read_served_constants(const nlohmann::json& json, const std::string& file);

/// Puts `value` into the figure, its interval moved along with it.
void put_constant(nlohmann::json& doc, const ServedConstant& constant, double value);

/// `data` with the constants' values in their files.
DataFiles with_constants(const DataFiles& data, std::span<const ServedConstant> constants);

}  // namespace isobath
