#include <algorithm>

#include <fmt/format.h>

#include "hw/comm_library.h"
#include "model/calibrate/fit_comm.h"
#include "model/calibrate/silicon_import.h"
#include "sim/cli/calibrate.h"

namespace isobath::cli {
namespace {

constexpr const char* kColumns = "  {:<7} {:<27} {:>5} {:>9} {:>9} {:>9} {:>12} {:>9}\n";

std::string percent(double share) {
    return fmt::format("{:.1f} %", 100 * share);
}

std::string heading(const char* title) {
    return fmt::format("\n{}\n", title) +
           fmt::format(kColumns, "gpu", "family", "rows", "median", "p90", "worst", "within 80 %", "width");
}

std::string row(const CommScore& score, const Scores& s) {
    if (s.rows == 0) return "";
    return fmt::format(kColumns, score.gpu, score.family, s.rows, percent(s.median), percent(s.p90),
                       percent(s.worst), percent(s.coverage), percent(s.width));
}

std::string fitted_rows(const CommFits& fits) {
    std::string text;
    for (const CommScore& s : fits.scores)
        text += fmt::format("  {:<7} {:<27} {:>5} {:>9} {:>9} {:>9} {:>12}\n", s.gpu, s.family, s.fitted.rows,
                            percent(s.fitted.median), percent(s.fitted.p90), percent(s.fitted.worst),
                            s.unseen.constants);
    return text;
}

std::string unseen_rows(const CommFits& fits, Scores UnseenScores::*scores) {
    std::string text;
    for (const CommScore& s : fits.scores) text += row(s, s.unseen.*scores);
    return text;
}

std::string text_of(const CommLibrary& library) {
    const CommFits& fits = library.fitted;
    return fmt::format("Communication preset {}: fitted forms against their tables\n", library.name) +
           fmt::format("  {:<7} {:<27} {:>5} {:>9} {:>9} {:>9} {:>12}\n", "gpu", "family", "rows", "median",
                       "p90", "worst", "constants") +
           fitted_rows(fits) + heading("Rows held back from the fit (one in five, by hash)") +
           unseen_rows(fits, &UnseenScores::held_back) +
           heading(
               "Whole sites left out (a number of GPUs, of SMs on so many nodes), the others fitted again") +
           unseen_rows(fits, &UnseenScores::sites_left_out);
}

}  // namespace

int calibrate_comm(const Call& call, const Flags& flags) {
    const std::string name = flags.text("comm");
    std::map<std::string, std::vector<SiliconTable>> tables;
    for (const std::string& gpu : gpus_of_comm_preset(name))
        tables[gpu] = import_silicon(flags.data(), flags.text("silicon"), gpu).tables;
    write_out(call, flags, fit_comm_preset(name, tables, flags.data()));
    return kDone;
}

bool shows_comm(const Flags& flags, const std::string& name) {
    const std::vector<std::string> names = flags.data().names("scenarios/comm");
    return std::find(names.begin(), names.end(), name) != names.end();
}

int calibrate_show_comm(const Call& call, const Flags& flags, const std::string& name) {
    write_out(call, flags, text_of(load_comm_library(flags.data(), name)));
    return kDone;
}

}  // namespace isobath::cli
