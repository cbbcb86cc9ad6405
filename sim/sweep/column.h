/// What a sweep keeps of each point's result: numbers, truths and words by their place in the result's JSON.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "hw/spec_reader.h"

namespace isobath::sweep {

enum class ColumnType : std::uint8_t { number, integer, boolean, text };

struct Column {
    std::string pointer;  ///< "/latency/tpot_s"
    ColumnType type = ColumnType::number;
    std::string meaning;  ///< of the schema, with the unit
};

/// One value of a row.
struct Cell {
    enum class Kind : std::uint8_t { null, number, boolean, text };

    Kind kind     = Kind::null;
    double number = 0;  ///< 0 or 1 of a boolean
    std::string text;

    void set(double value);  ///< not a number or endless: null
    void set_truth(bool value);
    void set_text(std::string_view value);
    bool operator==(const Cell&) const = default;
};

/// What the JSON holds at the pointer; null where it holds nothing, a list or an object.
void read_cell(const nlohmann::json& result, const std::string& pointer, Cell& cell);

/// The column at `pointer` of a JSON Schema. Throws SpecError naming `in`'s `key` unless a number, a truth or
/// a word stands there.
Column column_of(const nlohmann::json& schema, const std::string& pointer, const SpecReader& in,
                 const std::string& key);

}  // namespace isobath::sweep
