#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/plot/draw.h"
#include "sim/plot/si.h"

namespace isobath::plot {
namespace {

constexpr int levels            = 64;    // steps of colour; neighbours are beyond what an eye tells apart
constexpr std::size_t few_cells = 4096;  // up to here each cell says its own value
constexpr int missing           = -1;

/// Neighbouring cells of one row that share a colour.
struct Run {
    std::size_t row, first, last;  ///< columns [first, last)
    int level;
};

int level_of(const AxisMap& bar, double value) {
    if (!std::isfinite(value)) return missing;
    const double share = (value - bar.low) / (bar.high - bar.low);
    return std::clamp(int(std::clamp(share, 0., 1.) * levels), 0, levels - 1);
}

double value_of(const HeatMap& heat, std::size_t row, std::size_t column) {
    const std::size_t i = row * heat.columns + column;
    return i < heat.values.size() ? heat.values[i] : NAN;
}

/// Runs by colour, so that a writer can put all cells of one colour into one path.
std::vector<Run> runs_of(const HeatMap& heat, const AxisMap& bar, bool join) {
    std::vector<Run> runs;
    for (std::size_t row = 0; row < heat.rows; ++row)
        for (std::size_t column = 0; column < heat.columns; ++column) {
            const int level = level_of(bar, value_of(heat, row, column));
            if (join && column > 0 && runs.back().level == level)
                runs.back().last = column + 1;
            else
                runs.push_back({row, column, column + 1, level});
        }
    if (join) std::ranges::stable_sort(runs, {}, &Run::level);
    return runs;
}

std::string range_tooltip(const HeatMap& heat, const AxisMap& bar, int level) {
    if (level == missing) return "no value";
    const double step = (bar.high - bar.low) / levels;
    return fmt::format("{} to {}", with_unit(bar.low + level * step, heat.unit),
                       with_unit(bar.low + (level + 1) * step, heat.unit));
}

std::string cell_tooltip(const HeatMap& heat, const Stage& stage, const Run& run) {
    const double value = value_of(heat, run.row, run.first);
    const auto named   = [](const Axis& axis, std::size_t i) {
        return fmt::format("{} {}", axis.label, shown(axis, double(i)));
    };
    return fmt::format("{}, {}: {}", named(stage.figure.y, run.row), named(stage.figure.x, run.first),
                       std::isfinite(value) ? with_unit(value, heat.unit) : "no value");
}

/// The cells' box, cut at the plot's edges; flat where nothing is left.
Box box_of(const Run& run, const Stage& stage) {
    const Box& plot = stage.frame.plot;
    const auto x = [&](double v) { return std::clamp(pixel_of(stage.frame.x.map, v), plot.x, plot.right()); };
    const auto y = [&](double v) {
        return std::clamp(pixel_of(stage.frame.y.map, v), plot.y, plot.bottom());
    };
    const double left = x(double(run.first) - 0.5), top = y(double(run.row) - 0.5);
    return {left, top, x(double(run.last) - 0.5) - left, y(double(run.row) + 0.5) - top};
}

}  // namespace

void draw(const HeatMap& heat, const Stage& stage) {
    const AxisMap& bar = stage.frame.colour_bar->map;
    const bool join    = heat.rows * heat.columns > few_cells;
    for (const Run& run : runs_of(heat, bar, join)) {
        const Box box = box_of(run, stage);
        if (box.width <= 0 || box.height <= 0) continue;
        const Colour fill =
            run.level == missing ? stage.theme.missing : sequential((run.level + 0.5) / levels);
        stage.add({Rect{box, fill, true},
                   join ? range_tooltip(heat, bar, run.level) : cell_tooltip(heat, stage, run)});
    }
}

}  // namespace isobath::plot
