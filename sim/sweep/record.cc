#include "sim/sweep/record.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

namespace isobath::sweep {
namespace {

using nlohmann::json;

constexpr std::string_view kOpen = "{\"id\":\"", kValues = "\",\"v\":[", kRefused = "\",\"no\":";

void append_id(std::uint64_t id, std::string& out) {
    constexpr char digits[] = "0123456789abcdef";
    out += kOpen;
    for (int shift = 60; shift >= 0; shift -= 4) out += digits[id >> shift & 15];
}

std::string as_json(std::string_view text) {
    return json(text).dump(-1, ' ', true, json::error_handler_t::replace);
}

void append_number(double number, std::string& out) {
    char buffer[32];
    out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
}

void append_cell(const Cell& cell, std::string& out) {
    switch (cell.kind) {
        case Cell::Kind::null: out += "null"; break;
        case Cell::Kind::number: append_number(cell.number, out); break;
        case Cell::Kind::boolean: out += cell.number != 0 ? "true" : "false"; break;
        case Cell::Kind::text: out += as_json(cell.text); break;
    }
}

/// Takes pieces off the front of a line.
class Scanner {
  public:
    explicit Scanner(std::string_view line) : left_(line) {}

    bool take(std::string_view word) {
        if (!left_.starts_with(word)) return false;
        left_.remove_prefix(word.size());
        return true;
    }
    bool at_end() const { return left_.empty(); }

    bool take_id(std::uint64_t& id) {
        if (left_.size() < 16) return false;
        const auto [end, wrong] = std::from_chars(left_.data(), left_.data() + 16, id, 16);
        const bool whole        = wrong == std::errc() && end == left_.data() + 16;
        left_.remove_prefix(16);
        return whole;
    }

    bool take_number(double& number) {
        const auto [end, wrong] = std::from_chars(left_.data(), left_.data() + left_.size(), number);
        if (wrong != std::errc() || !std::isfinite(number)) return false;
        left_.remove_prefix(static_cast<std::size_t>(end - left_.data()));
        return true;
    }

    bool take_text(std::string& text) {
        std::size_t end = 1;
        while (end < left_.size() && left_[end] != '"') end += left_[end] == '\\' ? 2 : 1;
        if (!left_.starts_with('"') || end >= left_.size()) return false;
        const json value = json::parse(left_.substr(0, end + 1), nullptr, /*allow_exceptions=*/false);
        if (!value.is_string()) return false;
        text = value.get_ref<const std::string&>();
        left_.remove_prefix(end + 1);
        return true;
    }

    bool take_cell(Cell& cell) {
        using Kind = Cell::Kind;
        cell.text.clear();
        cell.number = 0;
        if (take("null")) return cell.kind = Kind::null, true;
        if (take("true")) return cell.kind = Kind::boolean, cell.number = 1, true;
        if (take("false")) return cell.kind = Kind::boolean, true;
        cell.kind = left_.starts_with('"') ? Kind::text : Kind::number;
        return cell.kind == Kind::text ? take_text(cell.text) : take_number(cell.number);
    }

  private:
    std::string_view left_;
};

}  // namespace

void append_record(std::uint64_t id, const std::vector<Cell>& cells, std::string& out) {
    append_id(id, out);
    out += kValues;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) out += ',';
        append_cell(cells[i], out);
    }
    out += "]}\n";
}

void append_refusal(std::uint64_t id, std::string_view reason, std::string& out) {
    append_id(id, out);
    out += kRefused;
    out += as_json(reason);
    out += "}\n";
}

bool parse_record(std::string_view line, std::size_t columns, Record& record) {
    Scanner in(line);
    if (!in.take(kOpen) || !in.take_id(record.id)) return false;
    record.possible = in.take(kValues);
    if (!record.possible)
        return in.take(kRefused) && in.take_text(record.reason) && in.take("}") && in.at_end();
    record.cells.resize(columns);
    for (std::size_t i = 0; i < columns; ++i)
        if ((i > 0 && !in.take(",")) || !in.take_cell(record.cells[i])) return false;
    return in.take("]}") && in.at_end();
}

}  // namespace isobath::sweep
