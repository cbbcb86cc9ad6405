#include "model/numerics/synthetic.h"

#include <array>
#include <cmath>

namespace isobath::numerics {
namespace {

constexpr int kBits = 12, kValues = 1 << kBits;

/// The x with P(normal < x) = p, by bisection: exact to the last bits, and needed 2,048 times.
double normal_quantile(double p) {
    double low = -10, high = 10;
    while (high - low > 1e-12) {
        const double middle                                        = (low + high) / 2;
        (std::erfc(-middle / std::sqrt(2.0)) / 2 < p ? low : high) = middle;
    }
    return (low + high) / 2;
}

std::array<float, kValues> normal_table() {
    std::array<float, kValues> table;
    double square = 0;
    for (int i = 0; i < kValues; ++i) {
        const double x                     = normal_quantile((i + 0.5) / kValues);
        table[static_cast<std::size_t>(i)] = static_cast<float>(x);
        square += x * x;
    }
    for (float& x : table) x /= static_cast<float>(std::sqrt(square / kValues));  // variance 1
    return table;
}

}  // namespace

float Noise::normal() {
    static const std::array<float, kValues> table = normal_table();
    if (left_ == 0) {
        bits_ = engine_();
        left_ = 64 / kBits;
    }
    const auto index = static_cast<std::size_t>(bits_ & (kValues - 1));
    bits_ >>= kBits;
    --left_;
    return table[index];
}

Tensor synthetic_activations(std::size_t tokens, std::size_t channels, Noise& noise,
                             const Outliers& outliers) {
    std::vector<float> scale(channels);
    for (float& s : scale) {
        s = static_cast<float>(std::exp(outliers.spread * noise.normal()));
        if (noise.uniform() < outliers.outlier_share) s *= static_cast<float>(outliers.outlier_size);
    }
    Tensor out(tokens, channels);
    for (std::size_t t = 0; t < tokens; ++t)
        for (std::size_t c = 0; c < channels; ++c) out.at(t, c) = scale[c] * noise.normal();
    return out;
}

Tensor synthetic_weights(std::size_t outputs, std::size_t channels, Noise& noise) {
    const float size = 1 / std::sqrt(static_cast<float>(channels));
    Tensor out(outputs, channels);
    for (float& v : out.values) v = size * noise.normal();
    return out;
}

}  // namespace isobath::numerics
