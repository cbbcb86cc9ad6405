// The same scores for a reader in a hurry, and in full.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "sim/validate/unseen.h"

namespace isobath {
namespace {

constexpr const char* kMarks =
    "! misses its goal; ~ 80 % interval holds fewer than 70 or more than 90 % of the rows, or is wider than "
    "30 %";

std::string goal_text(const std::optional<Goal>& goal) {
    return goal ? fmt::format("{:.0f} / {:.0f} %", 100 * goal->median, 100 * goal->p90) : "none";
}

std::string cell(const UnseenRow& row, const Scores& s) {
    if (s.rows == 0) return "-   ";
    const bool missed = row.goal && !holds(*row.goal, s), doubtful = !interval_holds(s);
    return fmt::format("{:.1f} / {:.1f} {}{}", 100 * s.median, 100 * s.p90, missed ? "!" : " ",
                       doubtful ? "~" : " ");
}

struct Line {
    std::string name, goal;
    std::map<std::string, std::string> cells;  ///< by GPU
};

using Part = Scores UnseenScores::*;

/// Collectives name their library: two of them reduce.
std::string name_of(const UnseenRow& row) {
    return row.family == "all_reduce" ? row.family + ", " + row.implementation : row.family;
}

/// One line per family, in the rows' order.
std::vector<Line> lines_of(const std::vector<UnseenRow>& rows, Part part) {
    std::vector<Line> lines;
    for (const UnseenRow& row : rows) {
        if (!row.preferred) continue;
        auto at =
            std::find_if(lines.begin(), lines.end(), [&](const Line& l) { return l.name == name_of(row); });
        if (at == lines.end()) at = lines.insert(at, {name_of(row), goal_text(row.goal), {}});
        at->cells[row.gpu] = cell(row, row.scores.*part);
    }
    return lines;
}

std::vector<std::string> gpus_of(const std::vector<UnseenRow>& rows) {
    std::vector<std::string> gpus;
    for (const UnseenRow& row : rows)
        if (std::find(gpus.begin(), gpus.end(), row.gpu) == gpus.end()) gpus.push_back(row.gpu);
    return gpus;
}

ReportTable side_by_side(const std::string& title, const std::vector<UnseenRow>& rows, Part part) {
    ReportTable out{title, kMarks, {"family", "goal"}, {}};
    const std::vector<std::string> gpus = gpus_of(rows);
    out.columns.insert(out.columns.end(), gpus.begin(), gpus.end());
    for (const Line& line : lines_of(rows, part)) {
        std::vector<std::string> cells{line.name, line.goal};
        for (const std::string& gpu : gpus)
            cells.push_back(line.cells.contains(gpu) ? line.cells.at(gpu) : "-   ");
        out.rows.push_back(cells);
    }
    return out;
}

std::string verdict(const UnseenRow& row, const Scores& s) {
    if (!row.goal || s.rows == 0) return "-";
    return holds(*row.goal, s) ? "yes" : "no";
}

std::vector<std::string> full_row(const UnseenRow& row, const char* which, const Scores& s) {
    const std::string name = row.gpu + " " + row.family + ", " + row.implementation;
    return {name,
            which,
            std::to_string(s.rows),
            percent(s.median),
            percent(s.p90),
            goal_text(row.goal),
            verdict(row, s),
            percent(s.coverage, 0),
            percent(s.width, 0),
            interval_holds(s) ? "yes" : "no"};
}

}  // namespace

std::vector<ReportTable> unseen_tables(const std::vector<UnseenRow>& rows) {
    return {
        side_by_side("Kernel fits on rows held back by hash: median / p90 of |error| in %", rows,
                     &UnseenScores::held_back),
        side_by_side("Kernel fits on shapes left out, the others fitted again: median / p90 of |error| in %",
                     rows, &UnseenScores::sites_left_out)};
}

ReportTable full_unseen_table(const std::vector<UnseenRow>& rows) {
    ReportTable out{
        "Kernel fits on rows they have not seen, in full",
        "held back: one row in five, by hash; new sites: whole shapes left out, the others fitted "
        "again; inside and width: of 80 % intervals (70 to 90 % inside, at most 30 % wide)",
        {"fit", "rows of", "rows", "median", "p90", "goal", "holds", "inside", "width", "holds"},
        {}};
    for (const UnseenRow& row : rows) {
        if (row.scores.held_back.rows > 0)
            out.rows.push_back(full_row(row, "held back", row.scores.held_back));
        if (row.scores.sites_left_out.rows > 0)
            out.rows.push_back(full_row(row, "new sites", row.scores.sites_left_out));
    }
    return out;
}

}  // namespace isobath
