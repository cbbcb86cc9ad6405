/// Which names a figure uses, in which colour, and where the legend stands: outside the plot.
#pragma once

#include <string>
#include <vector>

#include "sim/plot/layout.h"

namespace isobath::plot {

enum class Symbol { line, dashes, dot, area, whisker, bar };

/// A name in the order of first use; its place in the list is its colour (and its marker's form).
struct Entry {
    std::string name;
    Symbol symbol                       = Symbol::bar;
    bool operator==(const Entry&) const = default;
};

struct PlacedEntry {
    std::size_t colour = 0;
    Symbol symbol      = Symbol::bar;
    Point at;          ///< left end of the symbol, on the baseline of the text
    std::string text;  ///< ellipsized to the room there is
};

/// Rows under the title, or a column at the right edge where there are too many names for three rows.
struct Legend {
    std::vector<PlacedEntry> entries;
    double height = 0;  ///< taken from the top
    double width  = 0;  ///< taken from the right
};

std::vector<Entry> names_of(const Figure&);

/// The place of `name` among the entries, 0 if it has none.
std::size_t colour_of(const std::vector<Entry>&, const std::string& name);

/// A legend whose first row may begin at `top`.
Legend place_legend(const std::vector<Entry>&, Size, double top);

void draw_legend(const Legend&, const Theme&, std::vector<Shape>& out);

}  // namespace isobath::plot
