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

}  // namespace isobath
