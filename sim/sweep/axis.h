/// One swept field of a scenario, and the values that it takes.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "hw/spec_reader.h"
#include "sim/scenario_fields.h"

namespace isobath::sweep {

/// Either plain numbers, or anything else as JSON text.
struct Axis {
    std::string path;             ///< JSON pointer: "/layout/experts/ep"
    std::vector<double> numbers;  ///< the values, or none where they are
    std::vector<std::string> texts;

    std::size_t size() const { return texts.empty() ? numbers.size() : texts.size(); }
    /// The value as JSON, whole numbers without a point: equal values have equal texts.
    std::string text(std::size_t row) const;
};

/// A number as JSON: whole ones without a point, others with as few digits as tell them apart.
std::string json_of(double number);

/// "layout.experts.ep" or "/layout/experts/ep" -> "/layout/experts/ep".
std::string pointer_of(const std::string& written);
/// "/layout/experts/ep" -> "layout.experts.ep".
std::string dotted(const std::string& pointer);

/// The path under "path". Throws SpecError, with the nearest, unless it is a scenario's field, a part of a
/// preset's ("/cluster/gpu/hbm_bandwidth") or a section that holds fields.
std::string read_path(SpecReader& in);

/// Whether the scenario's field takes whole numbers only.
bool is_whole(std::string_view path);

/// Reads {"path": P, "values": [...]} or {"path": P, "from": A, "to": B, ...} with one of "step", "count" or
/// "times" (each value so many times the last; "count" with "log": true spaces evenly in the logarithm).
/// A and B are numbers, or quantities of one unit. Whole fields get whole numbers, each once.
///
/// Throws SpecError naming the place, also where a value is not for its field.
Axis read_axis(SpecReader& in, const DataFiles& data);

/// Throws SpecError where a list of values, which is varied alone, holds one of them twice.
void check_distinct(const SpecReader& in, const Axis& axis);

/// Values out of a JSON list. `in` is the object that holds it under "values".
void read_values(SpecReader& in, const DataFiles& data, Axis& axis);

}  // namespace isobath::sweep
