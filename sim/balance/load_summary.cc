#include "sim/balance/load_summary.h"

#include <algorithm>
#include <cmath>

namespace isobath {
namespace {

double deviation_over_mean(std::span<const double> counts) {
    const double mean = total(counts) / double(counts.size());
    double squares    = 0;
    for (const double c : counts) squares += (c - mean) * (c - mean);
    return mean > 0 ? std::sqrt(squares / double(counts.size())) / mean : 0;
}

std::vector<HotExpert> hottest(const ExpertLoad& load, std::size_t most) {
    std::vector<HotExpert> all;
    for (int l = 0; l < load.layers; ++l) {
        const auto counts = load.layer(l);
        const double mean = total(counts) / load.experts;
        for (int e = 0; e < load.experts; ++e)
            all.push_back({layer_id(load, l), e, mean > 0 ? counts[std::size_t(e)] / mean : 0});
    }
    most = std::min(most, all.size());
    std::partial_sort(all.begin(), all.begin() + std::ptrdiff_t(most), all.end(),
                      [](const HotExpert& a, const HotExpert& b) {
                          return std::tuple(-a.over_mean, a.layer, a.expert) <
                                 std::tuple(-b.over_mean, b.layer, b.expert);
                      });
    all.resize(most);
    return all;
}

}  // namespace

int layer_id(const ExpertLoad& load, int layer) {
    return load.layer_ids.empty() ? layer : load.layer_ids[std::size_t(layer)];
}

LoadSummary summary_of(const ExpertLoad& load, std::size_t most) {
    LoadSummary out{.source = load.source, .layers = load.layers, .experts = load.experts};
    out.hottest_over_mean = hottest_over_mean(load);
    for (int l = 0; l < load.layers; ++l)
        out.deviation_over_mean += deviation_over_mean(load.layer(l)) / load.layers;
    out.idle    = double(std::count(load.count.begin(), load.count.end(), 0.0)) / double(load.count.size());
    out.hottest = hottest(load, most);
    return out;
}

}  // namespace isobath
