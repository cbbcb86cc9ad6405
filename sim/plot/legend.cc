#include "sim/plot/legend.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/plot/lettering.h"
#include "sim/plot/markers.h"
#include "sim/plot/measures.h"

namespace isobath::plot {
namespace {

constexpr double symbol_room = 24, gap = 20;

void add(std::vector<Entry>& out, const std::string& name, Symbol symbol) {
    if (name.empty()) return;
    const auto found = std::ranges::find(out, name, &Entry::name);
    if (found == out.end())
        out.push_back({name, symbol});
    else if (found->symbol == Symbol::area || found->symbol == Symbol::whisker)
        found->symbol = symbol;  // a line or dot says more than the uncertainty around it
}

struct AddNames {
    std::vector<Entry>& out;

    void operator()(const Line& mark) const {
        add(out, mark.name, mark.dashed ? Symbol::dashes : Symbol::line);
    }
    void operator()(const Scatter& mark) const { add(out, mark.name, Symbol::dot); }
    void operator()(const Band& mark) const { add(out, mark.name, Symbol::area); }
    void operator()(const ErrorBars& mark) const { add(out, mark.name, Symbol::whisker); }
    void operator()(const Rule&) const {}  // says its name in the plot
    void operator()(const HeatMap&) const {}
    void operator()(const Bars& mark) const {
        for (const BarSeries& series : mark.series) add(out, series.name, Symbol::bar);
    }
    void operator()(const Gantt& mark) const {
        for (const std::string& category : mark.categories) add(out, category, Symbol::bar);
    }
};

double width_of(const Entry& entry) {
    return symbol_room + text_width(printable(entry.name), label_size);
}

PlacedEntry placed(const Entry& entry, std::size_t colour, Point at, double room) {
    return {colour, entry.symbol, at, ellipsized(printable(entry.name), room - symbol_room, label_size)};
}

Legend in_rows(const std::vector<Entry>& entries, Size size, double top) {
    Legend out;
    const double room = size.width - 2 * edge;
    double x = 0, y = top + 13;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const double width = std::min(width_of(entries[i]), room);
        if (x > 0 && x + width > room) x = 0, y += legend_row;
        out.entries.push_back(placed(entries[i], i, {edge + x, y}, width));
        x += width + gap;
    }
    out.height = y - top - 13 + legend_row + 2;
    return out;
}

double widest(const std::vector<Entry>& entries) {
    double width = 0;
    for (const Entry& entry : entries) width = std::max(width, width_of(entry));
    return width;
}

Legend in_column(const std::vector<Entry>& entries, Size size, double top) {
    Legend out;
    const double width = std::min(widest(entries), 0.28 * size.width);
    const Point first{size.width - edge - width, top + 13};
    const auto rows  = std::size_t(std::max(1., (size.height - top - edge - 13) / legend_row));
    const auto shown = entries.size() <= rows ? entries.size() : rows - 1;
    for (std::size_t i = 0; i < shown; ++i)
        out.entries.push_back(placed(entries[i], i, {first.x, first.y + double(i) * legend_row}, width));
    if (shown < entries.size()) {
        PlacedEntry& more =
            out.entries.emplace_back(out.entries.empty() ? PlacedEntry{} : out.entries.back());
        more.at     = {first.x, first.y + double(shown) * legend_row};
        more.colour = shown;
        more.text   = fmt::format("and {} more", entries.size() - shown);
    }
    out.width = width + gap;
    return out;
}

void draw_symbol(const PlacedEntry& entry, Colour colour, std::vector<Shape>& out) {
    const double y   = entry.at.y - 4;
    const double end = entry.at.x + 18;
    switch (entry.symbol) {
        case Symbol::line:
        case Symbol::dashes:
            out.push_back(
                {Segment{{entry.at.x, y}, {end, y}, colour, 2.5, entry.symbol == Symbol::dashes}, {}});
            break;
        case Symbol::dot: out.push_back(marker({entry.at.x + 9, y}, entry.colour, colour)); break;
        case Symbol::area: colour.alpha = band_alpha; [[fallthrough]];
        case Symbol::bar: out.push_back({Rect{{entry.at.x + 3, y - 6, 12, 12}, colour}, {}}); break;
        case Symbol::whisker: add_whisker(entry.at.x + 9, y - 6, y + 6, colour, {}, out); break;
    }
}

}  // namespace

std::vector<Entry> names_of(const Figure& figure) {
    std::vector<Entry> out;
    for (const Mark& mark : figure.marks) std::visit(AddNames{out}, mark);
    return out;
}

std::size_t colour_of(const std::vector<Entry>& entries, const std::string& name) {
    const auto found = std::ranges::find(entries, name, &Entry::name);
    return found == entries.end() ? 0 : std::size_t(found - entries.begin());
}

Legend place_legend(const std::vector<Entry>& entries, Size size, double top) {
    if (entries.empty()) return {};
    const Legend rows = in_rows(entries, size, top);
    return rows.height <= 3 * legend_row + 2 ? rows : in_column(entries, size, top);
}

void draw_legend(const Legend& legend, const Theme& theme, std::vector<Shape>& out) {
    for (const PlacedEntry& entry : legend.entries) {
        draw_symbol(entry, categorical(entry.colour, theme), out);
        out.push_back({Text{{entry.at.x + symbol_room, entry.at.y}, entry.text, label_size, theme.ink}, {}});
    }
}

}  // namespace isobath::plot
