// The curve as a table, an object and a picture.
#include <algorithm>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "sim/curve/curve.h"

namespace isobath {
namespace {

using nlohmann::json;

std::string mark_of(const Curve& c, std::size_t i) {
    const ServicePoint& p = c.points[i];
    std::string mark      = i == c.knee ? " knee" : "";
    if (c.best_in_slo && i == *c.best_in_slo &&
        (c.scenario.slo.tpot_p90 > Seconds{} || c.scenario.slo.ttft_p90 > Seconds{}))
        mark += " last within SLO";
    if (p.waiting > 0) mark += " cache full";
    return mark;
}

json point_json(const ServicePoint& p) {
    json out{{"concurrency", p.concurrency},
             {"tokens_per_s_per_user", p.per_user},
             {"tokens_per_s_per_gpu", p.per_gpu},
             {"tpot_s", p.tpot.base()},
             {"low", {{"tokens_per_s_per_user", p.per_user_low}, {"tokens_per_s_per_gpu", p.per_gpu_low}}},
             {"high", {{"tokens_per_s_per_user", p.per_user_high}, {"tokens_per_s_per_gpu", p.per_gpu_high}}},
             {"meets_slo", p.meets_slo},
             {"cache_full", p.waiting > 0}};
    out["ttft_s"] = p.ttft > Seconds{} ? json(p.ttft.base()) : json(nullptr);
    return out;
}

}  // namespace

json to_json(const Curve& c) {
    json points = json::array();
    for (const ServicePoint& p : c.points) points.push_back(point_json(p));
    return {{"scenario", c.scenario.name},
            {"gpus", c.gpus},
            {"points", points},
            {"knee", c.points.empty() ? json(nullptr) : point_json(c.points[c.knee])},
            {"best_in_slo", c.best_in_slo ? point_json(c.points[*c.best_in_slo]) : json(nullptr)}};
}

std::string to_text(const Curve& c, bool) {
    std::string out = fmt::format("{}: throughput against interactivity on {} GPUs (means; 80 % interval)\n",
                                  c.scenario.name, c.gpus);
    out += fmt::format("{:>11} {:>14} {:>17} {:>12} {:>17} {:>10} {:>10}\n", "concurrency", "tokens/s/user",
                       "", "tokens/s/GPU", "", "TPOT", "TTFT");
    for (std::size_t i = 0; i < c.points.size(); ++i) {
        const ServicePoint& p = c.points[i];
        const std::string ttft =
            p.ttft > Seconds{} ? fmt::format("{:.0f} ms", p.ttft.in(unit::ms)) : std::string("-");
        out += fmt::format("{:>11g} {:>14.1f} {:>17} {:>12.1f} {:>17} {:>7.2f} ms {:>10}{}\n", p.concurrency,
                           p.per_user, fmt::format("{:.1f} - {:.1f}", p.per_user_low, p.per_user_high),
                           p.per_gpu, fmt::format("{:.1f} - {:.1f}", p.per_gpu_low, p.per_gpu_high),
                           p.tpot.in(unit::ms), ttft, mark_of(c, i));
    }
    return out;
}

plot::Figure figure_of(const Curve& c) {
    plot::Line line{.name = "mean", .points = {}, .markers = true};
    plot::Band band{.name = "80 % interval", .spans = {}};
    for (const ServicePoint& p : c.points) {
        line.points.push_back({p.per_user, p.per_gpu});
        band.spans.push_back({p.per_user, p.per_gpu_low, p.per_gpu_high});
    }
    std::reverse(band.spans.begin(), band.spans.end());
    plot::Figure f{.title    = c.scenario.name,
                   .subtitle = fmt::format("{} GPUs; points are numbers of clients, {:g} to {:g}", c.gpus,
                                           c.points.front().concurrency, c.points.back().concurrency),
                   .x        = {.label = "for each user", .unit = "token/s", .scale = plot::Scale::log},
                   .y        = {.label = "for each GPU", .unit = "token/s", .scale = plot::Scale::log},
                   .marks    = {band, line}};
    const ServicePoint& knee = c.points[c.knee];
    f.marks.push_back(plot::Scatter{.name     = fmt::format("knee, {:g} clients", knee.concurrency),
                                    .points   = {{knee.per_user, knee.per_gpu}},
                                    .tooltips = {}});
    if (c.scenario.slo.tpot_p90 > Seconds{})
        f.marks.push_back(
            plot::Rule{.name     = fmt::format("SLO {:g} ms a token", c.scenario.slo.tpot_p90.in(unit::ms)),
                       .at       = 1 / c.scenario.slo.tpot_p90.base(),
                       .vertical = true});
    return f;
}

}  // namespace isobath
