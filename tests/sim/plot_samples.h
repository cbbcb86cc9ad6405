/// One small figure of each kind, as reports and commands draw them. The numbers are made up, and say so.
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "sim/plot/figure.h"

namespace isobath::plot {

inline Figure sample_lines() {
    Line decode{.name = "decode step", .markers = true}, roofline{.name = "roofline", .dashed = true};
    Band spread{.name = "decode step"};
    for (double batch = 1; batch <= 256; batch *= 2) {
        const double time = 8e-3 + 110e-6 * batch;
        decode.points.push_back({batch, time});
        roofline.points.push_back({batch, 0.6 * time});
        spread.spans.push_back({batch, 0.9 * time, 1.15 * time});
    }
    return {.title    = "Decode step over batch",
            .subtitle = "Invented numbers; the band is the uncertainty of the prediction",
            .x        = {.label = "Batch per GPU", .scale = Scale::log2},
            .y        = {.label = "Time per step", .unit = "s"},
            .marks    = {spread, roofline, decode, Rule{"limit 30 ms", 30e-3}}};
}

inline Figure sample_scatter() {
    Scatter base{.name = "no speculation"}, mtp{.name = "MTP depth 1 & 2"};
    ErrorBars spread{.name = "MTP depth 1 & 2"};
    for (int i = 1; i <= 12; ++i) {
        base.points.push_back({8. * i, 2400. - 14. * i * i});
        mtp.points.push_back({11. * i, 2700. - 15. * i * i});
        spread.spans.push_back({11. * i, 2500. - 15. * i * i, 2850. - 15. * i * i});
    }
    return {.title    = "Throughput against speed",
            .subtitle = "Invented numbers",
            .x        = {.label = "Speed", .unit = "token/s/user"},
            .y        = {.label = "Throughput", .unit = "token/s/GPU"},
            .marks    = {base, spread, mtp, Rule{"20 token/s/user", 20, true}}};
}

inline Figure sample_log() {
    Line intra{.name = "NVLink"}, inter{.name = "InfiniBand"};
    for (double bytes = 1e3; bytes < 2e9; bytes *= 2) {
        intra.points.push_back({bytes, 3e-6 + bytes / 160e9});
        inter.points.push_back({bytes, 9e-6 + bytes / 45e9});
    }
    return {.title    = "Transfer time",
            .subtitle = "Invented numbers",
            .x        = {.label = "Message", .unit = "B", .scale = Scale::log},
            .y        = {.label = "Time", .unit = "s", .scale = Scale::log},
            .marks    = {intra, inter}};
}

inline Figure sample_bars(bool stacked) {
    const Bars bars{{{"attention", {310e-6, 420e-6, 380e-6, 290e-6}, {}},
                     {"experts", {520e-6, 610e-6, 450e-6, 480e-6}, {}},
                     {"exposed network", {90e-6, 210e-6, 160e-6, 60e-6}, {}}},
                    stacked};
    Figure figure{
        .title    = stacked ? "Where a layer's time goes" : "Parts of a layer",
        .subtitle = "Invented numbers",
        .x        = {.label      = "",
                     .unit       = "",
                     .categories = {"EP 32, fp8", "EP 144, fp8", "EP 144, fp8, redundant experts", "EP 320"}},
        .y        = {.label = "Time per layer", .unit = "s"},
        .marks    = {bars}};
    if (!stacked)
        for (BarSeries& series : std::get<Bars>(figure.marks[0]).series)
            for (const double value : series.values) series.ranges.push_back({0, 0.92 * value, 1.1 * value});
    return figure;
}

inline Figure sample_heat(std::size_t rows, std::size_t columns) {
    HeatMap map{.rows    = rows,
                .columns = columns,
                .values  = {},
                .label   = "Load",
                .unit    = "token",
                .low     = {},
                .high    = {}};
    for (std::size_t i = 0; i < rows * columns; ++i) {
        const double row = double(i / columns), column = double(i % columns);
        map.values.push_back(600 * (1.2 + std::sin(row * 0.7 + column * 0.31) * std::cos(column * 0.13)));
    }
    map.values[columns / 2] = NAN;
    return {.title    = "Expert load by layer",
            .subtitle = "Invented numbers",
            .x        = {.label = "Expert", .unit = ""},
            .y        = {.label = "Layer", .unit = ""},
            .marks    = {map}};
}

inline Figure sample_gantt() {
    Gantt gantt{{"compute, micro-batch 0", "compute, micro-batch 1", "network"},
                {"attention", "experts", "dispatch", "combine"},
                {}};
    const std::vector<std::string> labels{"MLA", "MoE", "disp", "comb"};
    const auto put = [&](std::size_t row, std::size_t category, double begin, double length) {
        gantt.intervals.push_back(
            {row, category, begin * 1e-6, (begin + length) * 1e-6, labels[category], ""});
    };
    for (int layer = 0; layer < 4; ++layer) {
        const double t = layer * 420;
        put(0, 0, t, 110), put(1, 0, t + 110, 110), put(2, 2, t + 110, 90), put(0, 1, t + 220, 100);
        put(2, 2, t + 220, 90), put(1, 1, t + 320, 100), put(2, 3, t + 320, 60), put(2, 3, t + 382, 36);
    }
    for (int i = 0; i < 300; ++i)
        gantt.intervals.push_back({2, 2, 1700e-6 + i * 0.5e-6, 1700e-6 + i * 0.5e-6 + 0.4e-6, "", ""});
    return {.title    = "Two micro-batches overlap",
            .subtitle = "Invented numbers",
            .x        = {.label = "Time", .unit = "s"},
            .y        = {},
            .marks    = {gantt}};
}

/// Name of the golden file and what it shows.
inline std::vector<std::pair<std::string, Figure>> samples() {
    return {{"lines", sample_lines()},    {"scatter", sample_scatter()},  {"log", sample_log()},
            {"bars", sample_bars(false)}, {"stacked", sample_bars(true)}, {"heat", sample_heat(8, 24)},
            {"gantt", sample_gantt()}};
}

}  // namespace isobath::plot
