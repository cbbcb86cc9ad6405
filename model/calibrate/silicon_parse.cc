#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <stdexcept>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "model/calibrate/silicon.h"
#include "model/calibrate/silicon_families.h"

namespace isobath {
namespace {

using Cells = std::vector<std::string_view>;

/// A file's line and column, to complain about.
struct Place {
    const std::string& file;
    int line;

    [[noreturn]] void fail(std::string_view column, const std::string& what) const {
        fail_at(file, std::to_string(line) + ": " + clipped(column), what);
    }
};

std::optional<double> number_in(std::string_view cell) {
    double value           = 0;
    const auto [end, fail] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    const bool whole       = fail == std::errc{} && end == cell.data() + cell.size();
    return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

/// The next line without its end; removes it from `rest`.
std::string_view next_line(std::string_view& rest) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

Cells cells_of(std::string_view line, const Place& place) {
    if (line.find('"') != line.npos) place.fail("row", "found a quote; allowed: plain cells between commas");
    Cells cells;
    for (std::size_t from = 0; from <= line.size();) {
        const std::size_t end = std::min(line.find(',', from), line.size());
        cells.push_back(line.substr(from, end - from));
        from = end + 1;
    }
    return cells;
}

void check_header(const Cells& header, const Place& place) {
    std::set<std::string_view> seen;
    for (const std::string_view column : header) {
        if (!seen.insert(column).second) place.fail(column, "given twice; once is allowed");
        if (is_known(column)) continue;
        std::vector<std::string_view> known;
        for (const SiliconFamily& family : silicon_families())
            known.insert(known.end(), family.columns.begin(), family.columns.end());
        const std::string_view near = nearest(column, known);
        place.fail(column, near.empty() ? "unknown column; allowed: those of aiconfigurator's tables"
                                        : "unknown column; did you mean \"" + std::string(near) + "\"?");
    }
    for (const char* column : {"framework", "version", "device"})
        if (!seen.count(column)) place.fail(column, "missing column; every table says who measured");
}

bool has_all(const Cells& header, const std::vector<std::string_view>& columns) {
    return std::all_of(columns.begin(), columns.end(), [&](std::string_view column) {
        return std::find(header.begin(), header.end(), column) != header.end();
    });
}

bool has_op(const SiliconFamily& family, const SiliconRow& row) {
    if (family.ops.empty()) return true;
    const auto op = row.fields.find("op_name");
    return op != row.fields.end() &&
           std::find(family.ops.begin(), family.ops.end(), op->second) != family.ops.end();
}

/// The families that a row belongs to: the first that fits, and with DeepEP, whose rows hold two times, both.
std::vector<const SiliconFamily*> families_of(const Cells& header, const SiliconRow& row,
                                              const Place& place) {
    std::vector<const SiliconFamily*> found;
    for (const SiliconFamily& family : silicon_families()) {
        if (!found.empty() && family.unit == unit::ms) continue;
        if (has_all(header, family.columns) && has_all(header, family.times) && has_op(family, row))
            found.push_back(&family);
    }
    if (found.empty())
        place.fail("op_name", "no kernel has these columns; allowed: those of aiconfigurator's tables");
    return found;
}

SiliconRow row_of(const Cells& header, const Cells& cells, const Place& place) {
    if (cells.size() != header.size())
        place.fail("row", std::to_string(cells.size()) + " cells; allowed: " + std::to_string(header.size()) +
                              ", as the first line has");
    SiliconRow row;
    row.line = place.line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const auto number = is_numeric(header[i]) ? number_in(cells[i]) : 0;
        if (!number || *number < 0)
            place.fail(header[i], "\"" + clipped(cells[i]) + "\"; allowed: a number of at least 0");
        row.fields.emplace(header[i], cells[i]);
        if (is_provenance(header[i]) || is_measured(header[i])) continue;
        row.key.append(row.key.empty() ? "" : "|").append(cells[i]);
    }
    row.held_back = is_held_back(row.key);
    return row;
}

SiliconTable& table_for(std::vector<SiliconTable>& tables, SiliconTable wanted) {
    for (SiliconTable& table : tables)
        if (table.family == wanted.family && table.implementation == wanted.implementation) return table;
    tables.push_back(std::move(wanted));
    return tables.back();
}

void add(std::vector<SiliconTable>& tables, const SiliconFamily& family, SiliconRow row,
         const std::string& gpu, const Place& place) {
    const auto kernel = row.fields.find("kernel_source");
    for (const std::string_view column : family.times) row.time += row.number(column) * family.unit;
    if (!(row.time > Seconds{})) place.fail(family.times.front(), "no time; allowed: above 0");
    const std::string implementation = implementation_of(row.text("framework"), row.text("version"),
                                                         kernel == row.fields.end() ? "" : kernel->second);
    const std::string name           = std::filesystem::path(place.file).filename().string();
    table_for(tables, {name, family.name, gpu, implementation, row.text("device"), {}})
        .rows.push_back(std::move(row));
}

}  // namespace

const std::string& SiliconRow::text(std::string_view column) const {
    const auto at = fields.find(column);
    if (at == fields.end()) throw std::logic_error("silicon row: no column " + std::string(column));
    return at->second;
}

double SiliconRow::number(std::string_view column) const {
    const auto value = number_in(text(column));
    if (!value) throw std::logic_error("silicon row: no number in " + std::string(column));
    return *value;
}

std::vector<SiliconTable> parse_silicon(std::string_view text, const std::string& file,
                                        const std::string& gpu) {
    std::vector<SiliconTable> tables;
    Place place{file, 1};
    const Cells header = cells_of(next_line(text), place);
    check_header(header, place);
    while (!text.empty()) {
        ++place.line;
        const std::string_view line = next_line(text);
        if (line.empty()) continue;
        const SiliconRow row = row_of(header, cells_of(line, place), place);
        for (const SiliconFamily* family : families_of(header, row, place))
            add(tables, *family, row, gpu, place);
    }
    if (tables.empty()) place.fail("row", "none; allowed: one line of column names and at least one row");
    return tables;
}

}  // namespace isobath
