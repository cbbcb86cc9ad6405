// The answer as one HTML page.
#include <fmt/format.h>

#include "sim/balance/balance_tables.h"
#include "sim/plot/svg.h"

namespace isobath {
namespace {

// Every picture is there twice; the reader's colour scheme shows one of them.
constexpr const char* kStyle = R"(
:root { color-scheme: light dark; --ground: #ffffff; --ink: #1d1d1f; --muted: #5f6368; --line: #d7d9dc; }
.dark { display: none; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #16181b; --ink: #e6e7e9; --muted: #a3a8ae; --line: #3a3e44; }
  .light { display: none; } .dark { display: block; }
}
body { background: var(--ground); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto;
       max-width: 80rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; } p { margin: .2rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .15rem .8rem .15rem 0; text-align: right; white-space: nowrap; }
th { color: var(--muted); font-weight: 600; }
th:first-child, td:first-child { text-align: left; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; } .figures svg { max-width: 100%; height: auto; }
)";

constexpr plot::Size kPanel{600, 470};

std::string picture(const plot::Figure& figure) {
    return "<div><div class=\"light\">" + plot::to_svg(figure, {kPanel, false}) +
           "</div><div class=\"dark\">" + plot::to_svg(figure, {kPanel, true}) + "</div></div>\n";
}

}  // namespace

std::string to_html(const Balance& b) {
    std::string out =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Isobath: "
        "balance</title>\n<style>" +
        std::string(kStyle) + "</style>\n</head>\n<body>\n<h1>" + plot::xml_escaped(b.of.scenario.name) +
        "</h1>\n";
    for (const std::string& line : lead_of(b)) out += "<p>" + plot::xml_escaped(line) + "</p>\n";
    out += "<div class=\"figures\">\n";
    for (const NamedFigure& f : figures_of(b)) out += picture(f.figure);
    out += "</div>\n";
    for (const ReportTable& table : tables_of(b, true)) out += to_html(table);
    return out + "</body>\n</html>\n";
}

}  // namespace isobath
