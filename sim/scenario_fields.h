/// The one table of scenario fields: it feeds the reader, the JSON Schema, the docs and the window's form.
#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "sim/scenario.h"

namespace isobath {

/// Reads and writes an enum field as an index into `Field::choices`.
struct ChoiceSlot {
    int (*get)(const Scenario&);
    void (*set)(Scenario&, int);
};

/// Where a field's value lives in a Scenario. The alternative says what JSON it takes.
using Slot = std::variant<int& (*)(Scenario&),                       ///< a whole number
                          double& (*)(Scenario&),                    ///< a plain number
                          Seconds& (*)(Scenario&),                   ///< "2 s"
                          Bytes& (*)(Scenario&),                     ///< "450 GB"
                          BytesPerSecond& (*)(Scenario&),            ///< "50 GB/s"
                          std::string& (*)(Scenario&),               ///< text
                          std::uint64_t& (*)(Scenario&),             ///< a seed
                          std::vector<double>& (*)(Scenario&),       ///< a list of numbers
                          std::vector<std::string>& (*)(Scenario&),  ///< a list of texts
                          PresetText& (*)(Scenario&),  ///< a preset's name, or an object that extends one
                          ChoiceSlot>;

struct Field {
    std::string_view path;  ///< JSON pointer: "/layout/experts/ep"
    std::string_view help;  ///< one line: what it means, and its unit
    Slot slot;
    double min = 0, max = 1e15;                      ///< of numbers
    std::span<const std::string_view> choices = {};  ///< of a choice
    std::string_view presets                  = {};  ///< folder of a preset: "scenarios/models"
};

std::span<const Field> scenario_fields();

/// The field at `path`, or null.
const Field* find_field(std::string_view path);

}  // namespace isobath
