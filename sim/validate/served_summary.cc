#include "sim/validate/served_summary.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/quantile.h"
#include "sim/served/served.h"
#include "sim/validate/served_runs.h"

namespace isobath {
namespace {

using nlohmann::json;

struct Errors {
    std::vector<double> tpot, ttft;
};

/// "served.h200.sglang.fp8.agg.1024x1024.c4.x.tpot" -> {"served", "h200", "sglang", "fp8", "agg", ...}.
std::vector<std::string> words_of(const std::string& id) {
    std::vector<std::string> out(1);
    for (const char c : id)
        if (c == '.')
            out.emplace_back();
        else
            out.back() += c;
    return out;
}

std::map<std::string, Errors> grouped(const ValidationReport& report) {
    std::map<std::string, Errors> out;
    for (const PointResult& r : report.results) {
        if (r.point.level != "served") continue;
        const auto words = words_of(r.point.id);
        if (words.size() < 6) continue;
        const bool tpot        = words.back() == "tpot";
        const std::string mode = words[4] == "agg" ? "aggregated" : "split";
        for (const std::string& group :
             {std::string("all"), words[1], words[1] + " " + words[2] + " " + mode, "all " + mode})
            (tpot ? out[group].tpot : out[group].ttft).push_back(std::abs(r.error));
    }
    return out;
}

/// Split deployments by constants that were fitted to aggregated ones alone.
Errors carried_to_split(const DataFiles& data) {
    const DataFiles aggregated = with_fit(data, "aggregated_only");
    Errors out;
    for (const ServedRun& run : served_runs(aggregated)) {
        if (!run.scenario.splits()) continue;
        const ServedResult r = predict_served(run.scenario, aggregated);
        out.tpot.push_back(std::abs(r.tpot.time / run.tpot - 1));
        out.ttft.push_back(std::abs(r.ttft.time / run.ttft - 1));
    }
    return out;
}

/// Constants of the shipped fit, by engine (the first word of a constant's name).
std::map<std::string, int> constants(const DataFiles& data) {
    std::map<std::string, int> out;
    const json file = parse_json(*data.find(kServedFile), kServedFile);
    for (const json& p : file["parameters"]) {
        const std::string name = p["name"];
        ++out[name.substr(0, name.find(' '))];
    }
    return out;
}

}  // namespace

ReportTable served_table(const ValidationReport& report, const DataFiles& data) {
    ReportTable out{
        .title = "Served runs, by constants that have not seen them",
        .note = "median and p90 of |error|; five folds by GPU, engine, version and layout; fitted constants:",
        .columns = {"runs", "n", "TPOT", "p90", "TTFT", "p90"},
        .rows    = {}};
    for (const auto& [engine, n] : constants(data)) out.note += fmt::format(" {} {},", engine, n);
    out.note.back() = '.';
    auto groups     = grouped(report);
    if (groups.contains("all split")) groups["split, fitted on aggregated"] = carried_to_split(data);
    for (const auto& [name, e] : groups)
        out.rows.push_back({name, std::to_string(e.tpot.size()), percent(quantile(e.tpot, .5)),
                            percent(quantile(e.tpot, .9)), percent(quantile(e.ttft, .5)),
                            percent(quantile(e.ttft, .9))});
    return out;
}

}  // namespace isobath
