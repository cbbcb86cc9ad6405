#include "sim/validate/served_runs.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/quantile.h"
#include "sim/scenario_reader.h"
#include "sim/validate/evaluators.h"
#include "sim/validate/point.h"

namespace isobath {
namespace {

using nlohmann::json;

json served_file(const DataFiles& data) {
    const auto text = data.find(kServedFile);
    if (!text) fail_at(kServedFile, "/", "no such data file");
    return parse_json(*text, data.shown(kServedFile));
}

json values_of(const ServedFit& fit) {
    json out = json::object();
    for (const ServedConstant& c : fit.constants) out[c.name] = {c.value, c.value_low, c.value_high};
    return out;
}

using Chosen = std::function<bool(const ServedRun&)>;

std::string score(const std::string& title, const std::vector<ServedRun>& runs,
                  const std::vector<ServedError>& errors, const Chosen& chosen) {
    std::vector<double> tpot, ttft;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        if (!chosen(runs[i])) continue;
        tpot.push_back(std::abs(std::expm1(errors[i].tpot)));
        ttft.push_back(std::abs(std::expm1(errors[i].ttft)));
    }
    return fmt::format("  {:<44} {:>4} {:>8.1f} % {:>8.1f} % {:>8.1f} % {:>8.1f} %\n", title, tpot.size(),
                       100 * quantile(tpot, .5), 100 * quantile(tpot, .9), 100 * quantile(ttft, .5),
                       100 * quantile(ttft, .9));
}

bool split(const ServedRun& r) {
    return r.scenario.splits();
}

}  // namespace

std::vector<ServedRun> served_runs(const DataFiles& data) {
    std::map<std::string, ServedRun> runs;
    std::vector<std::string> order;
    for (const ValidationPoint& p : load_points(data)) {
        if (!p.predict->contains("serve") || !p.predict->contains("fold")) continue;
        const std::string id = p.id.substr(0, p.id.rfind('.'));
        if (!runs.contains(id)) {
            order.push_back(id);
            ServedRun& r = runs[id];
            r.id         = id;
            r.fold       = (*p.predict)["fold"];
            r.scenario   = load_scenario((*p.predict)["serve"], data, overrides_of((*p.predict)["set"]));
        }
        const Seconds value{p.value * si_per(p.unit)};
        ((*p.predict)["key"] == "tpot_s" ? runs[id].tpot : runs[id].ttft) = value;
    }
    std::vector<ServedRun> out;
    for (const std::string& id : order) out.push_back(runs[id]);
    return out;
}

ServedCross cross_validate(const std::vector<ServedRun>& runs, const DataFiles& data) {
    const auto constants =
        read_served_constants(json{{"parameters", served_file(data)["parameters"]}}, kServedFile);
    const auto fit = [&](const Chosen& chosen) {
        std::vector<bool> use;
        for (const ServedRun& r : runs) use.push_back(chosen(r));
        return fit_served(runs, use, constants, data);
    };
    ServedCross out;
    out.all        = fit([](const ServedRun&) { return true; });
    out.aggregated = fit([](const ServedRun& r) { return !split(r); });
    out.unseen     = out.all.errors;
    for (int f = 0; f < kServedFolds; ++f) {
        out.without.push_back(fit([f](const ServedRun& r) { return r.fold != f; }));
        for (std::size_t i = 0; i < runs.size(); ++i)
            if (runs[i].fold == f) out.unseen[i] = out.without.back().errors[i];
    }
    return out;
}

DataFiles with_fit(const DataFiles& data, const std::string& name) {
    const json file = served_file(data);
    auto constants  = read_served_constants(json{{"parameters", file["parameters"]}}, kServedFile);
    if (!file.contains("fits")) return data;
    const json& values = file["fits"].at(name);
    for (ServedConstant& c : constants) c.value = values.at(c.name)[0];
    return with_constants(data, constants);
}

DataFiles without_fold(const DataFiles& data, int fold) {
    return with_fit(data, "without_fold_" + std::to_string(fold));
}

json to_json(const ServedCross& cross, const json& parameters) {
    json fits{{"all", values_of(cross.all)}, {"aggregated_only", values_of(cross.aggregated)}};
    for (std::size_t f = 0; f < cross.without.size(); ++f)
        fits["without_fold_" + std::to_string(f)] = values_of(cross.without[f]);
    return {{"parameters", parameters}, {"fits", fits}};
}

std::string to_text(const ServedCross& cross, const std::vector<ServedRun>& runs) {
    std::string out =
        fmt::format("{:<40} {:>12} {:>12} {:>12}   without each fold\n", "constant", "value", "low", "high");
    for (std::size_t i = 0; i < cross.all.constants.size(); ++i) {
        const ServedConstant& c = cross.all.constants[i];
        out +=
            fmt::format("{:<40} {:>12.5g} {:>12.5g} {:>12.5g}  ", c.name, c.value, c.value_low, c.value_high);
        for (const ServedFit& fit : cross.without) out += fmt::format(" {:.3g}", fit.constants[i].value);
        out += "\n";
    }
    out += fmt::format("\n  {:<44} {:>4} {:>10} {:>10} {:>10} {:>10}\n", "median and p90 of |error|", "runs",
                       "TPOT", "p90", "TTFT", "p90");
    const auto any = [](const ServedRun&) { return true; };
    out += score("all, fitted on all", runs, cross.all.errors, any);
    out += score("all, each fold unseen", runs, cross.unseen, any);
    std::map<std::string, int> groups;
    for (const ServedRun& r : runs) {
        ++groups[r.scenario.cluster.gpu.name];
        ++groups[r.scenario.cluster.gpu.name + " " + r.scenario.engine.name + (split(r) ? " split" : "")];
    }
    for (const auto& [name, n] : groups)
        out += score(name + ", unseen", runs, cross.unseen, [&name = name](const ServedRun& r) {
            const std::string gpu = r.scenario.cluster.gpu.name;
            return name == gpu || name == gpu + " " + r.scenario.engine.name + (split(r) ? " split" : "");
        });
    out += score("split, fitted on aggregated", runs, cross.aggregated.errors, split);
    return out;
}

}  // namespace isobath
