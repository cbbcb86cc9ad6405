#include "model/balance/expert_load.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "hw/spec_reader.h"

namespace isobath {

double total(std::span<const double> counts) {
    return std::accumulate(counts.begin(), counts.end(), 0.0);
}

double tokens(const ExpertLoad& load, int layer, int top_k) {
    return total(load.layer(layer)) / top_k;
}

double hottest_over_mean(const ExpertLoad& load) {
    double sum = 0;
    for (int l = 0; l < load.layers; ++l) {
        const auto row   = load.layer(l);
        const double all = total(row);
        sum += all > 0 ? *std::max_element(row.begin(), row.end()) * load.experts / all : 1;
    }
    return load.layers > 0 ? sum / load.layers : 1;
}

void require_same_shape(const ExpertLoad& a, const ExpertLoad& b) {
    if (a.layers != b.layers || a.experts != b.experts)
        throw SpecError(
            fmt::format("expert loads of {} layers x {} experts and {} x {}; expected two of one model",
                        a.layers, a.experts, b.layers, b.experts));
}

ExpertLoad mixed(const ExpertLoad& a, const ExpertLoad& b, double share) {
    require_same_shape(a, b);
    ExpertLoad out(a.layers, a.experts);
    out.layer_ids = a.layer_ids;
    for (int l = 0; l < a.layers; ++l) {
        const auto from = a.layer(l), to = b.layer(l);
        const double of_a = total(from), of_b = total(to);
        for (std::size_t e = 0; e < from.size(); ++e)
            out.layer(l)[e] =
                (of_a > 0 ? (1 - share) * from[e] / of_a : 0) + (of_b > 0 ? share * to[e] / of_b : 0);
    }
    return out;
}

}  // namespace isobath
