#include "model/calibrate/fit_comm.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "model/calibrate/comm_recipes.h"
#include "model/calibrate/fit_collectives.h"
#include "model/calibrate/fit_exchanges.h"
#include "model/calibrate/fit_kernels.h"
#include "model/calibrate/holdout.h"

namespace isobath {
namespace {

template <class Row, class Predict>
Residuals residuals_on_seen(const std::vector<Row>& rows, const Predict& predict) {
    std::vector<double> errors;
    for (const Row& row : rows)
        if (!row.held_back) errors.push_back(std::log(predict(row).time / row.time));
    return residuals_of(errors);
}

/// Held-back rows under the shipped fit, and sites left out in turn.
template <class Row, class Fit>
CommScore score(const std::string& family, const std::string& gpu, const std::vector<Row>& rows,
                int constants, const Fit& fit, const auto& site_of) {
    constexpr int kMostSites = 32;  // each left out alone
    const auto predict       = fit(seen_rows(std::span<const Row>(rows)));
    CommScore out{family, gpu, residuals_on_seen(rows, predict),
                  judge(std::span<const Row>(rows), site_of, fit, predict, constants, kMostSites)};
    out.unseen.sample.clear();
    return out;
}

int constants_of(std::span<const CollectiveFit> fits) {
    return 3 * int(fits.size()) + (!fits.empty() && fits.front().direct.available() ? 2 : 0);
}

void add_collectives(CommFits& out, const CommRecipe& recipe, const GpuSpec& gpu,
                     std::span<const SiliconTable> tables) {
    const auto rows     = collective_samples(tables, recipe.family);
    const bool one_shot = recipe.family == "all_reduce";
    if (rows.empty()) throw SpecError("isobath calibrate: no rows of " + recipe.family + " for " + gpu.name);
    const auto solve = [&](const std::vector<CollectiveSample>& some) {
        return fit_collectives(some, gpu.name, gpu.nvlink, one_shot);
    };
    const auto fit = [&](const std::vector<CollectiveSample>& some) {
        return [fits = solve(some)](const CollectiveSample& s) { return predicted(fits, s); };
    };
    const auto fits = solve(seen_rows(std::span<const CollectiveSample>(rows)));
    out.collectives.insert(out.collectives.end(), fits.begin(), fits.end());
    for (int kind = 0; kind < kCollectiveCount; ++kind) {
        std::vector<CollectiveSample> own;
        for (const auto& row : rows)
            if (row.kind == static_cast<Collective>(kind)) own.push_back(row);
        if (own.empty()) continue;
        const int constants = constants_of(solve(seen_rows(std::span<const CollectiveSample>(own))));
        out.scores.push_back(
            score(std::string(name_of(own.front().kind)), gpu.name, own, constants, fit,
                  [](const CollectiveSample& s) { return std::to_string(s.ranks) + " ranks"; }));
    }
}

/// Numbers that were fitted, not repeated: alphas, and what the nodes of one mode and way share.
int constants_of(std::span<const ExchangeFit> fits) {
    int count = 0;
    for (const ExchangeFit& fit : fits) {
        const bool first = fit.nodes <= 2;
        count += 1 + (first ? (fit.low_latency ? 2 : 4) : 0) + (fit.own_cluster_only ? 1 : 0);
    }
    return count;
}

void add_exchange_scores(CommFits& out, const GpuSpec& gpu, const NicSpec& nic,
                         const std::vector<ExchangeSample>& rows) {
    const auto fit = [&](const std::vector<ExchangeSample>& some) {
        CommFits fits;
        fits.nic_bandwidth = nic.bandwidth;
        fits.exchanges     = fit_exchanges(some, gpu, nic);
        return [fits, &gpu, &nic](const ExchangeSample& s) { return predicted(fits, gpu, nic, s); };
    };
    const auto family = [&](const std::string& name, const auto& belongs) {
        std::vector<ExchangeSample> own;
        for (const auto& row : rows)
            if (belongs(row)) own.push_back(row);
        if (own.empty()) return;
        const auto fits = fit_exchanges(seen_rows(std::span<const ExchangeSample>(own)), gpu, nic);
        out.scores.push_back(score(name, gpu.name, own, constants_of(fits), fit,
                                   [](const ExchangeSample& s) { return s.site; }));
    };
    family("deepep", [](const ExchangeSample&) { return true; });
    family("deepep normal, 1 node", [](const auto& s) { return !s.low_latency && s.nodes == 1; });
    family("deepep normal, nodes", [](const auto& s) { return !s.low_latency && s.nodes > 1; });
    family("deepep low-latency, 1 node", [](const auto& s) { return s.low_latency && s.nodes == 1; });
    family("deepep low-latency, nodes", [](const auto& s) { return s.low_latency && s.nodes > 1; });
}

/// The H200 table of several nodes repeats the H100's: the campaign is used once.
bool used(const ExchangeSample& sample, const GpuSpec& gpu) {
    return sample.nodes == 1 || gpu.name == "h100";
}

void add_exchanges(CommFits& out, const CommRecipe& recipe, const GpuSpec& gpu, const DataFiles& data,
                   std::span<const SiliconTable> tables) {
    const NicSpec nic         = load_nic(data, out.nic);
    const CommLibrary library = load_comm_library(data, recipe.extends);
    std::vector<ExchangeSample> rows;
    for (const auto& row : exchange_samples(tables, library))
        if (used(row, gpu)) rows.push_back(row);
    if (rows.empty()) throw SpecError("isobath calibrate: no DeepEP rows for " + gpu.name);
    const auto fits = fit_exchanges(seen_rows(std::span<const ExchangeSample>(rows)), gpu, nic);
    out.exchanges.insert(out.exchanges.end(), fits.begin(), fits.end());
    add_exchange_scores(out, gpu, nic, rows);
}

/// Rows of a table stand on a line each.
std::string lines_of(const nlohmann::ordered_json& rows) {
    std::string text = "[";
    for (const auto& row : rows)
        text += std::string(text.size() > 1 ? "," : "") + "\n      " + row.dump(-1, ' ', true);
    return text + "\n    ]";
}

std::string text_of(const nlohmann::ordered_json& preset) {
    std::string fitted;
    for (const auto& [key, value] : preset["fitted"].items())
        fitted += std::string(fitted.empty() ? "" : ",") + "\n    \"" + key +
                  "\": " + (value.is_array() ? lines_of(value) : value.dump());
    return "{\n  \"title\": " + preset["title"].dump() + ",\n  \"extends\": " + preset["extends"].dump() +
           ",\n  \"fitted\": {" + fitted + "\n  }\n}\n";
}

}  // namespace

std::string fit_comm_preset(const std::string& name,
                            const std::map<std::string, std::vector<SiliconTable>>& tables_by_gpu,
                            const DataFiles& data) {
    const CommRecipe& recipe = comm_recipe(name);
    CommFits fits;
    fits.source     = recipe.source;
    fits.nic        = "cx7-400g";
    fits.references = {{"blackwell", "b200", {}}, {"", "h100", {}}};
    for (const std::string& gpu : recipe.gpus) {
        const std::vector<SiliconTable>& tables = tables_by_gpu.at(gpu);
        if (recipe.family == "deepep")
            add_exchanges(fits, recipe, load_gpu(data, gpu), data, tables);
        else
            add_collectives(fits, recipe, load_gpu(data, gpu), tables);
    }
    return text_of({{"title", recipe.title}, {"extends", recipe.extends}, {"fitted", to_json(fits)}});
}

}  // namespace isobath
