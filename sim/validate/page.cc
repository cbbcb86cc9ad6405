// A report as one HTML page.
#include <fmt/format.h>

#include "sim/plot/svg.h"
#include "sim/validate/figures.h"
#include "sim/validate/report.h"

namespace isobath {
namespace {

// Every picture is there twice; the reader's colour scheme shows one of them.
constexpr const char* kStyle = R"(
:root { color-scheme: light dark; --ground: #ffffff; --ink: #1d1d1f; --muted: #5f6368; --line: #d7d9dc; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #16181b; --ink: #e6e7e9; --muted: #a3a8ae; --line: #3a3e44; }
  .light { display: none; }
}
@media (prefers-color-scheme: light) { .dark { display: none; } }
body { background: var(--ground); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto;
       max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .3rem; } p { color: var(--muted); margin: .2rem 0 .6rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .15rem .8rem .15rem 0; text-align: right; white-space: nowrap; }
th { color: var(--muted); font-weight: 600; }
th:first-child, td:first-child { text-align: left; }
.every td:last-child, .every th:last-child { text-align: left; padding-left: .8rem; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; } .figures svg { max-width: 100%; height: auto; }
)";

constexpr plot::Size kPanel{560, 480};

std::string picture(const plot::Figure& figure) {
    return "<div><div class=\"light\">" + plot::to_svg(figure, {kPanel, false}) +
           "</div><div class=\"dark\">" + plot::to_svg(figure, {kPanel, true}) + "</div></div>\n";
}

std::string pictures(const ValidationReport& report) {
    std::string out =
        "<section>\n<h2>Predicted against published</h2>\n<p>Bars are 80 % intervals of the "
        "predictions; on the line both are equal.</p>\n<div class=\"figures\">\n";
    for (const plot::Figure& figure : scatter_figures(report.results, report.levels)) out += picture(figure);
    return out + "</div>\n</section>\n";
}

std::vector<std::string> cells(const PointResult& r) {
    const Predicted& p = r.predicted;
    return {r.point.id,
            r.point.gpu,
            fmt::format("{:.5g}", p.value),
            p.high > p.low ? fmt::format("{:.4g} to {:.4g}", p.low, p.high) : "-",
            fmt::format("{:.5g}", r.point.value),
            r.point.unit,
            fmt::format("{:+.1f} %", 100 * r.error),
            r.point.used_in_fit ? "in sample" : "judged",
            r.point.source};
}

/// One table per level, so that each can be folded away.
std::string every_point(const ValidationReport& report) {
    std::string out;
    for (const Group& level : report.levels) {
        ReportTable table{
            fmt::format("Every point: {}", level.name),
            "",
            {"point", "gpu", "predicted", "80 % interval", "published", "unit", "error", "used", "source"},
            {}};
        for (const PointResult& r : report.results)
            if (r.point.level == level.name) table.rows.push_back(cells(r));
        out += "<div class=\"every\">" + to_html(table) + "</div>\n";
    }
    return out;
}

std::string lead(const ValidationReport& report) {
    std::size_t judged = 0;
    for (const PointResult& r : report.results) judged += !r.point.used_in_fit;
    return fmt::format(
        "<h1>Isobath against published measurements</h1>\n<p>{} points predicted: {} judge, {} "
        "are in sample. {} more wait for commands that predict them.</p>\n",
        report.results.size(), judged, report.results.size() - judged, report.waiting.size());
}

}  // namespace

std::string to_html(const ValidationReport& report) {
    std::string out =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Isobath: "
        "validation</title>\n<style>" +
        std::string(kStyle) + "</style>\n</head>\n<body>\n";
    out += lead(report) + pictures(report);
    for (const ReportTable& table : tables_of(report, true)) out += to_html(table);
    return out + every_point(report) + "</body>\n</html>\n";
}

}  // namespace isobath
