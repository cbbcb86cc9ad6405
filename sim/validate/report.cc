#include "sim/validate/report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

namespace isobath {
namespace {

using nlohmann::json;

constexpr std::string_view kLevels[] = {"closed-form", "kernel", "collective", "layer", "step", "system"};

/// The value below which a share `q` of them lies, interpolated.
double quantile(std::vector<double> values, double q) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const double at = q * double(values.size() - 1);
    const auto low  = static_cast<std::size_t>(at);
    const auto high = std::min(low + 1, values.size() - 1);
    return values[low] + (at - double(low)) * (values[high] - values[low]);
}

std::map<std::string, LevelSummary> summarise(const std::vector<PointResult>& results, bool fit) {
    std::map<std::string, std::vector<double>> errors;
    std::map<std::string, LevelSummary> out;
    for (const PointResult& r : results) {
        if (r.point.used_in_fit != fit) continue;
        errors[r.point.level].push_back(std::abs(r.error));
        LevelSummary& s = out[r.point.level];
        if (r.predicted.high <= r.predicted.low) continue;
        ++s.with_interval;
        s.covered += r.predicted.low <= r.point.value && r.point.value <= r.predicted.high;
    }
    for (auto& [level, list] : errors) {
        LevelSummary& s    = out[level];
        s.n                = static_cast<int>(list.size());
        s.median_abs_error = quantile(list, 0.5);
        s.p90_abs_error    = quantile(list, 0.9);
    }
    return out;
}

json summary_json(const std::map<std::string, LevelSummary>& summary) {
    json out = json::object();
    for (const auto& [level, s] : summary)
        out[level] = {{"n", s.n},
                      {"median_abs_error", s.median_abs_error},
                      {"p90_abs_error", s.p90_abs_error},
                      {"with_interval", s.with_interval},
                      {"within_interval", s.covered}};
    return out;
}

std::string summary_text(const std::string& title, const std::map<std::string, LevelSummary>& summary) {
    std::string out = fmt::format("{:<34} {:>5} {:>14} {:>11} {:>20}\n", title, "n", "median |error|", "p90",
                                  "inside 80 % interval");
    for (const std::string_view level : kLevels) {
        const auto found = summary.find(std::string(level));
        if (found == summary.end()) continue;
        const LevelSummary& s = found->second;
        const std::string inside =
            s.with_interval > 0 ? fmt::format("{} of {}", s.covered, s.with_interval) : "-";
        out += fmt::format("  {:<32} {:>5} {:>12.2f} % {:>9.2f} % {:>20}\n", level, s.n,
                           100 * s.median_abs_error, 100 * s.p90_abs_error, inside);
    }
    return out;
}

double rms(const std::vector<double>& values) {
    double sum = 0;
    for (const double v : values) sum += v * v;
    return std::sqrt(sum / double(values.size()));
}

/// Kernel and collective rows by the project that published them: the first word of the id.
std::string publishers_text(const std::vector<PointResult>& results) {
    std::map<std::string, std::vector<double>> errors;
    for (const PointResult& r : results)
        if (r.point.level == "kernel" || r.point.level == "collective")
            errors[r.point.id.substr(0, r.point.id.find('.')) +
                   (r.point.used_in_fit ? ", in sample" : ", judged")]
                .push_back(std::abs(r.error));
    std::string out = fmt::format("{:<34} {:>5} {:>14} {:>11} {:>9}\n", "Kernels and collectives by table",
                                  "n", "median |error|", "p90", "rms");
    for (const auto& [publisher, list] : errors)
        out += fmt::format("  {:<32} {:>5} {:>12.2f} % {:>9.2f} % {:>7.2f} %\n", publisher, list.size(),
                           100 * quantile(list, 0.5), 100 * quantile(list, 0.9), 100 * rms(list));
    return out;
}

std::string line(const PointResult& r) {
    return fmt::format("  {:<52} {:>11.5g} {:>11.5g} {:<9} {:>+7.1f} %{}\n", r.point.id, r.predicted.value,
                       r.point.value, r.point.unit, 100 * r.error, r.point.used_in_fit ? "  fit" : "");
}

}  // namespace

ValidationReport validate(const DataFiles& data, const std::vector<std::string>& prefixes) {
    ValidationReport report;
    Predictor predictor(data);
    for (const ValidationPoint& point : load_points(data)) {
        const auto wanted = [&](const std::string& prefix) { return point.id.starts_with(prefix); };
        if (!prefixes.empty() && std::none_of(prefixes.begin(), prefixes.end(), wanted)) continue;
        if (const auto p = predictor.predict(point))
            report.results.push_back({point, *p, p->value / point.value - 1});
        else
            report.waiting.push_back(point);
    }
    report.judge = summarise(report.results, false);
    report.fit   = summarise(report.results, true);
    return report;
}

json to_json(const ValidationReport& report) {
    json points = json::array();
    for (const PointResult& r : report.results)
        points.push_back({{"id", r.point.id},
                          {"level", r.point.level},
                          {"gpu", r.point.gpu},
                          {"unit", r.point.unit},
                          {"predicted", r.predicted.value},
                          {"low", r.predicted.low},
                          {"high", r.predicted.high},
                          {"published", r.point.value},
                          {"reading_error", r.point.reading_error},
                          {"error", r.error},
                          {"source", r.point.source},
                          {"used_in_fit", r.point.used_in_fit}});
    json waiting = json::array();
    for (const ValidationPoint& p : report.waiting) waiting.push_back(p.id);
    return {{"points", points},
            {"waiting", waiting},
            {"summary", summary_json(report.judge)},
            {"summary_fit", summary_json(report.fit)}};
}

std::string to_text(const ValidationReport& report, bool all, bool) {
    std::string out = fmt::format("  {:<52} {:>11} {:>11} {:<9} {:>9}\n", "point", "predicted", "published",
                                  "unit", "error");
    for (const PointResult& r : report.results) {
        const bool judges_high =
            !r.point.used_in_fit && (r.point.level == "layer" || r.point.level == "step");
        if (all || judges_high) out += line(r);
    }
    out += "\n" + summary_text("Judged: not used in any fit", report.judge) + "\n" +
           summary_text("In sample: used in a fit", report.fit) + "\n" + publishers_text(report.results);
    if (!report.waiting.empty())
        out += fmt::format("\n{} more points wait for commands that predict them (serve, train).\n",
                           report.waiting.size());
    return out;
}

}  // namespace isobath
