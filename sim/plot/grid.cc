#include "sim/plot/grid.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/plot/palette.h"
#include "sim/plot/svg.h"

namespace isobath::plot {

std::string grid_svg(std::span<const Figure> figures, int columns, Size panel, bool dark) {
    if (figures.size() == 1) return to_svg(figures.front(), {panel, dark});
    const int count = int(figures.size()), across = std::clamp(count, 1, columns);
    std::string panels;
    for (int i = 0; i < count; ++i)
        panels += fmt::format("<g transform=\"translate({},{})\">\n{}</g>\n", i % across * panel.width,
                              i / across * panel.height, to_svg(figures[std::size_t(i)], {panel, dark}));
    const double width = across * panel.width, height = (count + across - 1) / across * panel.height;
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n"
        "<rect width=\"{0}\" height=\"{1}\" fill=\"{2}\"/>\n{3}</svg>\n",
        width, height, hex((dark ? dark_theme() : light_theme()).background), panels);
}

}  // namespace isobath::plot
