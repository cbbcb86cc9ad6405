#include "sim/validate/table.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/plot/svg.h"

namespace isobath {
namespace {

std::vector<std::size_t> widths_of(const ReportTable& table) {
    std::vector<std::size_t> widths;
    for (const std::string& title : table.columns) widths.push_back(title.size());
    for (const auto& row : table.rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    return widths;
}

std::string line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
    std::string out = fmt::format("  {:<{}}", cells.empty() ? "" : cells.front(), widths.front());
    for (std::size_t i = 1; i < cells.size(); ++i) out += fmt::format("  {:>{}}", cells[i], widths[i]);
    return out.substr(0, out.find_last_not_of(' ') + 1) + "\n";
}

std::string cells_html(const char* tag, const std::vector<std::string>& cells) {
    std::string out = "<tr>";
    for (const std::string& cell : cells) out += fmt::format("<{0}>{1}</{0}>", tag, plot::xml_escaped(cell));
    return out + "</tr>\n";
}

}  // namespace

std::string percent(double share, int digits) {
    return fmt::format("{:.{}f} %", 100 * share, digits);
}

std::string to_text(const ReportTable& table) {
    if (table.rows.empty()) return "";
    const auto widths = widths_of(table);
    std::string out   = table.title + "\n";
    if (!table.note.empty()) out += "  " + table.note + "\n";
    out += line(table.columns, widths);
    for (const auto& row : table.rows) out += line(row, widths);
    return out;
}

std::string to_html(const ReportTable& table) {
    if (table.rows.empty()) return "";
    std::string out = "<section>\n<h2>" + plot::xml_escaped(table.title) + "</h2>\n";
    if (!table.note.empty()) out += "<p>" + plot::xml_escaped(table.note) + "</p>\n";
    out += "<div class=\"wide\"><table>\n<thead>" + cells_html("th", table.columns) + "</thead>\n<tbody>\n";
    for (const auto& row : table.rows) out += cells_html("td", row);
    return out + "</tbody></table></div>\n</section>\n";
}

}  // namespace isobath
