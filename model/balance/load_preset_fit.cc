#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "model/balance/load_preset.h"

namespace isobath {
namespace {

using nlohmann::json;

/// One layer of one workload, taken apart.
struct LayerFit {
    double tilt = 0, sigma = 0;
    std::vector<double> left;  ///< log share without the slope, mean 0
};

LayerFit fit_layer(std::span<const double> counts, double offset) {
    const auto n = Eigen::Index(counts.size());
    Eigen::ArrayXd place(n), share(n);
    for (Eigen::Index e = 0; e < n; ++e) {
        place[e] = std::log1p((double(e) + 0.5) / offset);
        share[e] = std::log(std::max(0.5, counts[std::size_t(e)]));
    }
    place -= place.mean();
    share -= share.mean();
    const double slope         = (place * share).sum() / place.square().sum();
    const Eigen::ArrayXd left  = share - slope * place;
    const Eigen::ArrayXd noise = left.exp();
    const double variation     = noise.square().mean() / (noise.mean() * noise.mean());
    return {-slope, std::sqrt(std::log(std::max(1.0, variation))), {left.begin(), left.end()}};
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = 0; i < a.size(); ++i) ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
    return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

double correlation(const std::vector<LayerFit>& a, const std::vector<LayerFit>& b) {
    double sum = 0;
    for (std::size_t l = 0; l < a.size(); ++l) sum += correlation(a[l].left, b[l].left);
    return sum / double(a.size());
}

double rounded(double x) {
    return std::round(x * 1000) / 1000;
}

json rounded(const std::vector<double>& values) {
    json out = json::array();
    for (const double x : values) out.push_back(rounded(x));
    return out;
}

}  // namespace

LoadPreset fit_load_preset(const std::map<std::string, ExpertLoad>& loads, int top_k, double offset) {
    if (loads.empty()) throw SpecError("no loads to fit; expected at least one");
    const ExpertLoad& first = loads.begin()->second;
    LoadPreset p;
    p.experts = first.experts, p.top_k = top_k, p.offset = offset;
    p.layer_ids = first.layer_ids;
    for (int l = 0; p.layers() < first.layers; ++l) p.layer_ids.push_back(l);
    std::vector<std::vector<LayerFit>> fits;
    for (const auto& [name, load] : loads) {
        require_same_shape(first, load);
        auto& fit = fits.emplace_back();
        auto& w   = p.workloads.emplace_back(LoadPreset::Workload{name, {}, {}});
        for (int l = 0; l < load.layers; ++l) {
            fit.push_back(fit_layer(load.layer(l), offset));
            w.tilt.push_back(fit.back().tilt);
            w.sigma.push_back(fit.back().sigma);
        }
    }
    for (const auto& a : fits)
        for (const auto& b : fits) p.correlation.push_back(correlation(a, b));
    return p;
}

std::string to_json_text(const LoadPreset& preset) {
    json workloads = json::array(), below = json::array();
    for (std::size_t i = 0; i < preset.workloads.size(); ++i) {
        const auto& w = preset.workloads[i];
        workloads.push_back({{"name", w.name}, {"tilt", rounded(w.tilt)}, {"sigma", rounded(w.sigma)}});
        for (std::size_t j = 0; j < i; ++j)
            below.push_back(rounded(preset.correlation[i * preset.workloads.size() + j]));
    }
    return json{{"schema", 1},
                {"source", preset.source},
                {"experts", preset.experts},
                {"top_k", preset.top_k},
                {"offset", preset.offset},
                {"layer_ids", preset.layer_ids},
                {"workloads", workloads},
                {"correlation", below}}
        .dump(-1, ' ', true, json::error_handler_t::replace);
}

}  // namespace isobath
