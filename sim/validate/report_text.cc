// A report as tables, and these as text.
#include <fmt/format.h>

#include "sim/validate/report.h"

namespace isobath {
namespace {

void add(std::vector<std::string>& cells, const Summary& s) {
    if (s.n == 0) return cells.insert(cells.end(), {"-", "-", "-", "-"}), void();
    const std::string inside =
        s.with_interval > 0 ? fmt::format("{} of {}", s.covered, s.with_interval) : "-";
    cells.insert(cells.end(),
                 {std::to_string(s.n), percent(s.median_abs_error, 2), percent(s.p90_abs_error, 2), inside});
}

ReportTable groups_table(const std::string& title, const std::string& what,
                         const std::vector<Group>& groups) {
    ReportTable out{title, "", {what, "judged", "median", "p90", "inside 80 %"}, {}};
    out.columns.insert(out.columns.end(), {"in sample", "median", "p90", "inside 80 %"});
    for (const Group& group : groups) {
        std::vector<std::string> cells{group.name};
        add(cells, group.judged);
        add(cells, group.in_sample);
        out.rows.push_back(cells);
    }
    return out;
}

ReportTable points_table(const std::string& title, const std::vector<PointResult>& results) {
    ReportTable out{title, "", {"point", "predicted", "published", "unit", "error", ""}, {}};
    for (const PointResult& r : results)
        out.rows.push_back({r.point.id, fmt::format("{:.5g}", r.predicted.value),
                            fmt::format("{:.5g}", r.point.value), r.point.unit,
                            fmt::format("{:+.1f} %", 100 * r.error), r.point.used_in_fit ? "fit" : ""});
    return out;
}

}  // namespace

std::vector<ReportTable> tables_of(const ValidationReport& report, bool all) {
    std::vector<ReportTable> out{
        groups_table("Errors by level: judged, and in sample where a constant was fitted to the point",
                     "level", report.levels),
        groups_table("By GPU", "gpu", report.gpus), groups_table("By source", "source", report.publishers),
        points_table("The judged points furthest off", report.worst)};
    out.insert(out.end(), report.more.begin(), report.more.end());
    for (const ReportTable& table : unseen_tables(report.unseen)) out.push_back(table);
    if (all) out.push_back(full_unseen_table(report.unseen));
    out.push_back(carried_table(report.carried));
    return out;
}

std::string to_text(const ValidationReport& report, bool all) {
    std::string out;
    if (all) out += to_text(points_table("Every point", report.results)) + "\n";
    for (const ReportTable& table : tables_of(report, all))
        if (!table.rows.empty()) out += to_text(table) + "\n";
    if (!report.waiting.empty())
        out += fmt::format("{} more points wait for commands that predict them (serve, train).\n",
                           report.waiting.size());
    if (!all) out += "--all lists every point; --html FILE draws them.\n";
    return out;
}

}  // namespace isobath
