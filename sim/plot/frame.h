/// Everything around the marks: where titles, legend, axes and the plot itself stand.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/plot/layout.h"
#include "sim/plot/legend.h"
#include "sim/plot/ticks.h"

namespace isobath::plot {

struct AxisFrame {
    Ticks ticks       = {};
    AxisMap map       = {};
    std::string title = {};     ///< "Time (ms)"
    bool turned       = false;  ///< labels stand at 45 degrees
    bool named        = false;  ///< ticks are categories, not numbers
    int lines         = 1;      ///< of the tallest label
};

struct Header {
    std::vector<std::string> title, subtitle;  ///< lines
    double height = 0;
};

struct Frame {
    Size size;
    Header header;
    Legend legend;
    Box plot;
    AxisFrame x, y;
    std::optional<AxisFrame> colour_bar;  ///< at the right of a heat map
};

inline constexpr double bar_gap = 16, bar_width = 14;  // of the colour bar

Frame make_frame(const Figure&, Size, const std::vector<Entry>&);

void draw_header(const Frame&, const Theme&, std::vector<Shape>& out);
void draw_grid(const Frame&, const Theme&, std::vector<Shape>& out);  ///< behind the marks
void draw_axes(const Frame&, const Theme&, std::vector<Shape>& out);  ///< in front of them
void draw_colour_bar(const Frame&, const Theme&, std::vector<Shape>& out);

}  // namespace isobath::plot
