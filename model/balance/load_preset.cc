#include "model/balance/load_preset.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/text.h"
#include "model/balance/sampling.h"

namespace isobath {
namespace {

using nlohmann::json;

constexpr int kMostWorkloads = 64, kMostLayers = 1024, kMostExperts = 4096;

double log_place(int expert, double offset) {
    return std::log1p((expert + 0.5) / offset);
}

std::vector<double> numbers(SpecReader& in, const std::string& key, std::size_t size, double low,
                            double high) {
    const json& list = in.raw(key);
    std::vector<double> out;
    for (const json& x : list.is_array() ? list : json::array())
        if (x.is_number() && x.get<double>() >= low && x.get<double>() <= high)
            out.push_back(x.get<double>());
    if (!list.is_array() || list.size() != size || out.size() != size)
        in.fail(key, fmt::format("expected an array of {} numbers from {:g} to {:g}", size, low, high));
    return out;
}

std::vector<int> rising(SpecReader& in, const std::string& key) {
    const json& list = in.raw(key);
    std::vector<int> out;
    for (const json& x : list.is_array() ? list : json::array())
        if (x.is_number_integer() && x.get<double>() >= (out.empty() ? 0 : out.back() + 1) &&
            x.get<double>() < kMostLayers)
            out.push_back(x.get<int>());
    if (out.empty() || out.size() != list.size())
        in.fail(key, fmt::format("expected rising whole numbers from 0 to {}", kMostLayers - 1));
    return out;
}

/// The lower triangle without its diagonal, row by row, made the whole matrix.
std::vector<double> whole_matrix(const std::vector<double>& below, std::size_t n) {
    std::vector<double> out(n * n, 1);
    for (std::size_t i = 0, at = 0; i < n; ++i)
        for (std::size_t j = 0; j < i; ++j, ++at) out[i * n + j] = out[j * n + i] = below[at];
    return out;
}

/// A square root of the correlation: independent normals times it are correlated so. Rounding may have made
/// an eigenvalue negative; it counts as zero.
Eigen::MatrixXd root_of(const LoadPreset& preset) {
    const auto n = Eigen::Index(preset.workloads.size());
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> parts(
        Eigen::Map<const Eigen::MatrixXd>(preset.correlation.data(), n, n));
    return parts.eigenvectors() * parts.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal() *
           parts.eigenvectors().transpose();
}

std::size_t find_workload(const LoadPreset& preset, const std::string& name) {
    std::vector<std::string_view> known;
    for (const auto& w : preset.workloads) {
        if (w.name == name) return known.size();
        known.push_back(w.name);
    }
    throw SpecError(fmt::format("no workload \"{}\"; known: {}", clipped(name), joined(known)));
}

/// One layer of one workload, taken apart.
struct LayerFit {
    double tilt = 0, sigma = 0;
    std::vector<double> left;  ///< log share without the slope, mean 0
};

LayerFit fit_layer(std::span<const double> counts, double offset) {
    const auto n = Eigen::Index(counts.size());
    Eigen::ArrayXd place(n), share(n);
    for (Eigen::Index e = 0; e < n; ++e) {
        place[e] = log_place(int(e), offset);
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

LoadPreset read_load_preset(SpecReader& in) {
    LoadPreset p;
    in.integer("schema", 1, 1);
    p.source = in.text("source");
    in.text("residual", "");
    p.experts   = in.integer("experts", 2, kMostExperts);
    p.top_k     = in.integer("top_k", 1, p.experts);
    p.offset    = in.number("offset", 0.01, 1e6);
    p.layer_ids = rising(in, "layer_ids");
    in.each("workloads", [&](SpecReader& w) {
        p.workloads.push_back({w.text("name"), numbers(w, "tilt", p.layer_ids.size(), -5, 5),
                               numbers(w, "sigma", p.layer_ids.size(), 0, 3)});
    });
    const std::size_t n = p.workloads.size();
    if (n < 1 || n > kMostWorkloads) in.fail("workloads", fmt::format("expected 1 to {}", kMostWorkloads));
    p.correlation = whole_matrix(numbers(in, "correlation", n * (n - 1) / 2, -1, 1), n);
    in.finish();
    return p;
}

LoadPreset load_load_preset(const DataFiles& data, const std::string& name, const std::string& asked_file,
                            const std::string& asked_path) {
    const json value = load_preset(data, "scenarios/loads", name, asked_file, asked_path);
    SpecReader in(value, data.shown("scenarios/loads/" + name + ".json"));
    return read_load_preset(in);
}

ExpertLoad synthesize_load(const LoadPreset& preset, const std::string& workload, std::uint64_t seed,
                           double tokens) {
    const std::size_t which       = find_workload(preset, workload);
    const LoadPreset::Workload& w = preset.workloads[which];
    const Eigen::RowVectorXd mix  = root_of(preset).row(Eigen::Index(which));
    Random random(seed);
    ExpertLoad load(preset.layers(), preset.experts);
    load.layer_ids = preset.layer_ids;
    load.source    = fmt::format("synthetic, {}, seed {}", workload, seed);
    for (int l = 0; l < load.layers; ++l) {
        const auto row = load.layer(l);
        for (int e = 0; e < preset.experts; ++e) {
            double z = 0;
            for (const double share : mix) z += share * draw_normal(random);
            row[std::size_t(e)] =
                std::exp(w.sigma[std::size_t(l)] * z - w.tilt[std::size_t(l)] * log_place(e, preset.offset));
        }
        const double scale = tokens * preset.top_k / total(row);
        for (double& count : row) count *= scale;
    }
    return load;
}

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
