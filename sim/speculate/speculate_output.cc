// A study as a table, an object and a picture.
#include <algorithm>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "sim/speculate/speculate.h"

namespace isobath {
namespace {

using nlohmann::json;

json ranged(const Ranged& r) {
    return {{"value", r.value}, {"low", r.low}, {"high", r.high}};
}

json choice_json(const Choice& c) {
    return {{"precision", c.precision}, {"depth", c.depth}, {"threshold", to_string(c.threshold)}};
}

json point_json(const SpeculatePoint& p) {
    json out = choice_json(p.choice);
    out.update({{"batch_per_gpu", p.batch},
                {"verified_drafts", p.verified},
                {"tokens_per_step", ranged(p.tokens)},
                {"step_s", ranged(p.step)},
                {"drafts_s", p.drafts},
                {"tokens_per_s_per_user", ranged(p.per_user)},
                {"tokens_per_s_per_gpu", ranged(p.per_gpu)},
                {"gain", p.gain},
                {"fits", p.fits}});
    return out;
}

std::string_view method_of(const Scenario& s) {
    constexpr std::string_view names[] = {"none", "mtp", "parallel-heads", "medusa", "eagle", "draft-model"};
    return names[static_cast<std::size_t>(s.speculation.method)];
}

bool several_precisions(const SpeculateStudy& s) {
    return std::any_of(s.points.begin(), s.points.end(), [&](const SpeculatePoint& p) {
        return p.choice.precision != s.points[0].choice.precision;
    });
}

std::string row(const SpeculatePoint& p) {
    return fmt::format("{:>10.4g} {:>8.2f} {:>6.2f} {:>13} {:>9.3f} {:>9.1f} {:>17} {:>9.1f} {:>6.2f}{}\n",
                       p.batch, p.verified, p.tokens.value,
                       fmt::format("{:.2f} - {:.2f}", p.tokens.low, p.tokens.high), 1e3 * p.step.value,
                       p.per_user.value, fmt::format("{:.1f} - {:.1f}", p.per_user.low, p.per_user.high),
                       p.per_gpu.value, p.gain, p.fits ? "" : " cache full");
}

std::string said(const BreakEven& b) {
    if (b.batch) return fmt::format("pays up to {:.3g} requests per GPU", *b.batch);
    if (b.first_gain <= 1 && b.last_gain <= 1) return "pays at no batch asked";
    return fmt::format("pays at {}; gain {:.2f} to {:.2f}",
                       b.first_gain > 1 ? "every batch asked" : "large batches", b.first_gain, b.last_gain);
}

}  // namespace

std::string to_string(const Choice& c, bool named) {
    std::string text = c.depth == 0 ? "no speculation" : fmt::format("depth {}", c.depth);
    if (c.depth > 0 && c.threshold.kind != ThresholdKind::none) text += ", " + to_string(c.threshold);
    return named ? c.precision + ", " + text : text;
}

json to_json(const SpeculateStudy& s) {
    json points = json::array(), best = json::array(), even = json::array();
    for (const SpeculatePoint& p : s.points) points.push_back(point_json(p));
    for (const SpeculatePoint& p : s.best) best.push_back(point_json(p));
    for (const BreakEven& b : s.break_even) {
        json one             = choice_json(b.choice);
        one["batch_per_gpu"] = b.batch ? json(*b.batch) : json(nullptr);
        one["first_gain"]    = b.first_gain;
        one["last_gain"]     = b.last_gain;
        even.push_back(one);
    }
    const Speculation& spec = s.scenario.speculation;
    return {{"scenario", s.scenario.name},
            {"gpus", s.scenario.cluster.gpus()},
            {"method", method_of(s.scenario)},
            {"context", s.scenario.workload.context},
            {"acceptance",
             {{"survival", spec.survival},
              {"low", spec.low},
              {"high", spec.high},
              {"measured_depth", spec.measured},
              {"source", spec.source}}},
            {"points", points},
            {"break_even", even},
            {"best", best},
            {"notes", s.notes}};
}

std::string to_text(const SpeculateStudy& s) {
    const bool named = several_precisions(s);
    std::string out =
        fmt::format("{}: {} on {} GPUs, {:g} tokens of context\n", s.scenario.name, method_of(s.scenario),
                    s.scenario.cluster.gpus(), s.scenario.workload.context);
    const Choice* last = nullptr;
    for (const SpeculatePoint& p : s.points) {
        if (!last || !(*last == p.choice))
            out += fmt::format("\n{}\n{:>10} {:>8} {:>6} {:>13} {:>9} {:>9} {:>17} {:>9} {:>6}\n",
                               to_string(p.choice, named), "batch/GPU", "verified", "tokens", "", "step [ms]",
                               "tok/s/user", "", "tok/s/GPU", "gain");
        out += row(p);
        last = &p.choice;
    }
    out += "\nBreak-even (tokens/s per GPU against no speculation at the same batch)\n";
    for (const BreakEven& b : s.break_even)
        out += fmt::format("  {:<40} {}\n", to_string(b.choice, named), said(b));
    if (!s.best.empty()) out += "\nBest at each batch\n";
    for (const SpeculatePoint& p : s.best)
        out += fmt::format("  {:<30}", to_string(p.choice, named)) + row(p);
    out += "\n";
    for (const std::string& note : s.notes) out += "* " + note + "\n";
    return out;
}

plot::Figure figure_of(const SpeculateStudy& s) {
    const bool named = several_precisions(s);
    plot::Figure f{.title    = s.scenario.name,
                   .subtitle = fmt::format("{} on {} GPUs; points are batches", method_of(s.scenario),
                                           s.scenario.cluster.gpus()),
                   .x        = {.label = "for each user", .unit = "token/s", .scale = plot::Scale::log},
                   .y        = {.label = "for each GPU", .unit = "token/s", .scale = plot::Scale::log},
                   .marks    = {}};
    for (std::size_t i = 0; i < s.points.size();) {
        plot::Line line{.name = to_string(s.points[i].choice, named), .points = {}, .markers = true};
        line.dashed        = s.points[i].choice.threshold.kind != ThresholdKind::none;
        const Choice which = s.points[i].choice;
        for (; i < s.points.size() && s.points[i].choice == which; ++i)
            line.points.push_back({s.points[i].per_user.value, s.points[i].per_gpu.value});
        f.marks.emplace_back(line);
    }
    return f;
}

}  // namespace isobath
