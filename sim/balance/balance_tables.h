/// The answer as tables and pictures: what the text, the page and the pictures show.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/balance/balance.h"
#include "sim/plot/figure.h"
#include "sim/validate/table.h"

namespace isobath {

/// `every`: all layers and ranks; else the worst of them.
std::vector<ReportTable> tables_of(const Balance& balance, bool every);

/// What is judged and what was taken for granted, a line each.
std::vector<std::string> lead_of(const Balance& balance);

std::string to_text(const Balance& balance, bool colour);

/// One self-contained page: lead, pictures, tables.
std::string to_html(const Balance& balance);

struct NamedFigure {
    std::string name;  ///< "experts", "before", "after", "layers", "slots", "drift", "training"
    plot::Figure figure;
};

/// Every picture that there is something to show in.
std::vector<NamedFigure> figures_of(const Balance& balance);

/// All of them on one sheet, or those named. Throws SpecError for a name that is not there.
std::string to_svg(const Balance& balance, const std::vector<std::string>& names);

}  // namespace isobath
