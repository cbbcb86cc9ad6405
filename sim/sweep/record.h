/// One finished point as a line of JSON: {"id":"0123456789abcdef","v":[0.0214,true]}, or, for a point that
/// cannot be, {"id":"...","no":"the reason"}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/sweep/column.h"

namespace isobath::sweep {

struct Record {
    std::uint64_t id = 0;
    bool possible    = true;
    std::vector<Cell> cells;  ///< of a possible point, one for each column
    std::string reason;       ///< of another
};

/// Appends the line, its end included.
void append_record(std::uint64_t id, const std::vector<Cell>& cells, std::string& out);
void append_refusal(std::uint64_t id, std::string_view reason, std::string& out);

/// Reads a line without its end; false unless it is whole and holds `columns` values. Numbers come back to
/// the last bit. No allocation for numbers once `record` is warm.
bool parse_record(std::string_view line, std::size_t columns, Record& record);

}  // namespace isobath::sweep
