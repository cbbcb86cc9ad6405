#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/calibration.h"
#include "sim/calibration_figure.h"
#include "sim/cli/calibrate.h"
#include "sim/plot/grid.h"

namespace isobath::cli {
namespace {

constexpr const char* kColumns = "  {:<15} {:<28} {:>5} {:>10} {:>10} {:>10}\n";
constexpr const char* kUnseen  = "  {:<15} {:<28} {:>5} {:>10} {:>10} {:>10} {:>10} {:>10}  {}\n";

std::string percent(double share) {
    return fmt::format("{:.1f} %", 100 * share);
}

std::string row(const char* family, const std::string& name, bool preferred, const Residuals& r) {
    return fmt::format(kColumns, family, name + (preferred ? " *" : ""), r.rows, percent(r.median),
                       percent(r.p90), percent(r.worst));
}

std::string row(const std::string& family, const std::string& name, const Scores& s) {
    return fmt::format(kUnseen, family, name, s.rows, percent(s.median), percent(s.p90), percent(s.worst),
                       percent(s.coverage), percent(s.width), s.worst_at);
}

/// One line per implementation that has been judged by rows it has not seen; empty if none has.
std::string unseen_rows(const Calibration& shown, const char* title, Scores UnseenScores::*scores) {
    std::string text;
    each_family(shown, [&](const char* key, const auto& family) {
        for (const auto& each : family.implementations)
            if (each.unseen && ((*each.unseen).*scores).rows > 0)
                text += row(key, each.name, (*each.unseen).*scores);
    });
    if (text.empty()) return text;
    return fmt::format("\n{}\n", title) +
           fmt::format(kUnseen, "family", "implementation", "rows", "median", "p90", "worst", "within 80 %",
                       "width", "worst at") +
           text;
}

std::string fitted_rows(const Calibration& shown) {
    std::string text =
        fmt::format("Calibration {}: fitted forms against their tables (* default)\n", shown.name) +
        fmt::format(kColumns, "family", "implementation", "rows", "median", "p90", "worst");
    each_family(shown, [&](const char* key, const auto& family) {
        for (const auto& each : family.implementations)
            text += row(key, each.name, each.name == family.preferred, each.residuals);
    });
    return text;
}

std::string picture_of(const Calibration& shown) {
    const std::vector<plot::Figure> figures = unseen_figures(shown);
    if (figures.empty())
        throw SpecError("isobath calibrate show: " + shown.name +
                        " keeps no held-back row to draw; --svg needs a calibration of silicon tables");
    return plot::grid_svg(figures, 3, {480, 420});
}

/// A built-in name, or a file that was fitted.
Calibration calibration_of(const DataFiles& data, const std::string& name) {
    return name.ends_with(".json") ? read_calibration(read_json(name), name, name)
                                   : load_calibration(data, name);
}

}  // namespace

std::string errors_text(const Calibration& shown) {
    return fitted_rows(shown) +
           unseen_rows(shown, "Rows held back from the fit (one in five, by hash)",
                       &UnseenScores::held_back) +
           unseen_rows(shown, "Whole shapes left out, the others fitted again",
                       &UnseenScores::sites_left_out);
}

int calibrate_show(const Call& call, const Flags& flags, const std::vector<std::string>& names) {
    if (!names.empty() && shows_comm(flags, names.front()))
        return calibrate_show_comm(call, flags, names.front());
    const Calibration shown = calibration_of(flags.data(), names.empty() ? "h800" : names.front());
    if (flags.has("svg")) write_file(flags.text("svg"), picture_of(shown));
    write_out(call, flags, flags.has("json") ? to_json(shown) : errors_text(shown));
    return kDone;
}

}  // namespace isobath::cli
