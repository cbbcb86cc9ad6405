/// What changes between two results of `run`: fields, headline metrics, parts of a layer, operations.
///
/// Works on the JSON that `run --json` writes, so that results of other builds and days compare as well.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hw/data.h"
#include "sim/overrides.h"

namespace isobath {

struct FieldChange {
    std::string path;  ///< "/layout/experts/ep"
    std::string a, b;  ///< as JSON; empty where only the other has it
};

struct MetricChange {
    std::string name, unit;
    double a = 0, b = 0;

    bool has_ratio() const { return a != 0; }
    double ratio() const { return b / a; }
};

/// One operation's share of a result: all its runs in a step.
struct OpTotal {
    bool present = false;
    double count = 0, time = 0;  ///< seconds, over all runs
    double flop = 0, bytes = 0;  ///< over all runs
    std::string bound, source;
};

struct OpChange {
    std::string name;
    OpTotal a, b;
    std::vector<std::string> reasons;  ///< "bound compute -> memory", "only in B"

    double change() const { return b.time - a.time; }
};

struct Comparison {
    std::vector<FieldChange> fields;
    std::vector<MetricChange> metrics, parts;
    std::vector<OpChange> ops;  ///< by falling absolute change
    bool fits = true;           ///< both do
};

/// A result: the file written by `run --json` (known by its "step" object), or a scenario evaluated now.
/// `overrides` apply to scenarios. Throws SpecError as load_scenario(), and if a result is given overrides.
nlohmann::json load_result(const std::string& path, const DataFiles& data,
                           const std::vector<Override>& overrides);

/// Throws SpecError, naming the side by `a_name` or `b_name`, where a key that `run` writes is missing.
Comparison compare(const nlohmann::json& a, const nlohmann::json& b, const std::string& a_name = "A",
                   const std::string& b_name = "B");

/// {"fields": [{path, a, b}], "metrics": [{name, unit, a, b, ratio}], "parts": [...], "ops": [...]}.
nlohmann::json to_json(const Comparison& c);

/// At most 100 columns.
std::string to_text(const Comparison& c, const std::string& a_name, const std::string& b_name, bool colour);

}  // namespace isobath
