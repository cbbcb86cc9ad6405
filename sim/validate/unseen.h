/// What the shipped calibrations say of rows that their fits have not seen, against the goals for them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hw/data.h"
#include "hw/scores.h"
#include "sim/validate/table.h"

namespace isobath {

/// Errors that a family should not exceed.
struct Goal {
    double median = 0, p90 = 0;
};

/// A share of an 80 % interval's rows inside it, and a median width, that tell of an honest one.
inline constexpr double kLeastInside = 0.7, kMostInside = 0.9, kWidest = 0.3;

/// 6 and 15 % for products and latent attention, 10 and 25 % for experts, 10 and 20 % for all-reduces, 6 and
/// 12 % for DeepEP's exchanges; other families have none.
std::optional<Goal> goal_of(const std::string& family);

struct UnseenRow {
    std::string gpu, family, implementation;
    bool preferred = true;  ///< what a scenario gets if it does not choose
    UnseenScores scores;
    std::optional<Goal> goal;
};

/// Whether the errors keep to the goal; whether the interval is neither too narrow nor too wide.
bool holds(const Goal& goal, const Scores& scores);
bool interval_holds(const Scores& scores);

/// By GPU and family: calibrations compiled in first, then presets of scenarios/comm.
std::vector<UnseenRow> unseen_rows(const DataFiles& data);

/// Rows held back, then sites left out; GPUs side by side, "median / p90" in a cell. "!" marks a missed goal,
/// "~" an interval off its share or width.
std::vector<ReportTable> unseen_tables(const std::vector<UnseenRow>& rows);
/// Every row with all its numbers.
ReportTable full_unseen_table(const std::vector<UnseenRow>& rows);

nlohmann::json to_json(const std::vector<UnseenRow>& rows);

}  // namespace isobath
