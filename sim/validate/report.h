/// All points predicted, and how far off they are: what was fitted and what judges kept apart.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/validate/carried.h"
#include "sim/validate/summary.h"
#include "sim/validate/table.h"
#include "sim/validate/unseen.h"

namespace isobath {

struct ValidationReport {
    std::vector<PointResult> results;
    std::vector<ValidationPoint> waiting;  ///< for a command that predicts them
    std::vector<Group> levels, gpus, publishers;
    std::vector<PointResult> worst;      ///< ten that judge
    std::vector<UnseenRow> unseen;       ///< of all calibrations; empty if only some points were asked for
    std::vector<CarriedRow> carried;     ///< another GPU's constants on one that has its own
    std::vector<ReportTable> more = {};  ///< extra_tables()
};

/// Predicts every point whose id starts with one of `prefixes` (all if none is given).
ValidationReport validate(const DataFiles& data, const std::vector<std::string>& prefixes);

/// Tables that some kind of points brings along, shown after the summaries.
std::vector<ReportTable> extra_tables(const ValidationReport& report, const DataFiles& data);

nlohmann::json to_json(const ValidationReport& report);

/// The tables of a report in the order in which they are read; with `all`, kernel fits in full.
std::vector<ReportTable> tables_of(const ValidationReport& report, bool all);

/// The tables as text; with `all`, every point before them.
std::string to_text(const ValidationReport& report, bool all);

/// One HTML page without script or outside file: pictures, tables, every point with its source.
std::string to_html(const ValidationReport& report);

}  // namespace isobath
