#include <utility>

#include <fmt/format.h>

#include "sim/numerics/report.h"

namespace isobath {
namespace {

using namespace numerics;

plot::Figure by_k_figure(const NumericsReport& r) {
    plot::Figure f{.title    = "GEMM error",
                   .subtitle = "rms, relative to the row's",
                   .x        = {.label = "summed products k", .unit = "", .scale = plot::Scale::log2},
                   .y        = {.label = "relative error", .unit = "", .scale = plot::Scale::log},
                   .marks    = {}};
    plot::Line line;
    for (std::size_t i = 0; i < r.by_k.size(); ++i) {
        const FormatAtK& at = r.by_k[i];
        if (line.points.empty())
            line = {.name = std::string(name_of(at.format)), .points = {}, .markers = true};
        line.points.push_back({double(at.k), at.error.rms});
        if (i + 1 < r.by_k.size() && r.by_k[i + 1].format == at.format) continue;
        f.marks.push_back(std::exchange(line, {}));
    }
    return f;
}

plot::Figure attention_figure(const NumericsReport& r) {
    plot::Figure f{.title    = "Attention output",
                   .subtitle = "rms error by context; policy: " + r.request.policy.name,
                   .x        = {.label = "context", .unit = "token", .scale = plot::Scale::log2},
                   .y        = {.label = "relative error", .unit = "", .scale = plot::Scale::log},
                   .marks    = {}};
    for (const AttentionCurve& curve : r.attention) {
        plot::Line line{.name = curve.name, .points = {}, .markers = true};
        for (const AttentionError& p : curve.points) line.points.push_back({double(p.context), p.error.rms});
        f.marks.push_back(line);
    }
    return f;
}

plot::Figure acceptance_figure(const NumericsReport& r) {
    plot::Figure f{.title    = "Loss of acceptance",
                   .subtitle = "computed from assumed noise; whiskers: its bounds",
                   .x        = {.label = "draft"},
                   .y        = {.label = "loss", .unit = ""},
                   .marks    = {}};
    plot::BarSeries computed{.name = "computed", .values = {}, .ranges = {}},
        measured{.name = "measured pairs, all alike", .values = {}, .ranges = {}};
    for (const PositionLoss& p : r.positions) {
        f.x.categories.push_back(std::to_string(p.position));
        computed.values.push_back(p.loss);
        computed.ranges.push_back({0, p.low, p.high});
        measured.values.push_back(r.predicted);
        measured.ranges.push_back({0, r.predicted_low, r.predicted_high});
    }
    f.marks.push_back(plot::Bars{{computed, measured}, false});
    return f;
}

plot::Figure router_figure(const NumericsReport& r) {
    plot::Figure f{.title    = "Router",
                   .subtitle = "share of chosen experts that are others",
                   .x        = {.label      = "noise",
                                .unit       = "",
                                .categories = {"own GEMM", "hidden, least", "hidden", "hidden, most"}},
                   .y        = {.label = "share", .unit = ""},
                   .marks    = {}};
    const RouterError errors[] = {r.router_own, r.router_low, r.router_mid, r.router_high};
    plot::BarSeries flips{.name = "experts flipped", .values = {}},
        moved{.name = "weight moved", .values = {}};
    for (const RouterError& e : errors) {
        flips.values.push_back(e.flips);
        moved.values.push_back(e.weight_moved);
    }
    f.marks.push_back(plot::Bars{{flips, moved}, false});
    return f;
}

}  // namespace

std::vector<plot::Figure> figures_of(const NumericsReport& r) {
    return {by_k_figure(r), attention_figure(r), router_figure(r), acceptance_figure(r)};
}

}  // namespace isobath
