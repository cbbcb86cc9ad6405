#include "model/numerics/tensor_core.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace isobath::numerics {
namespace {

/// `x` cut toward zero to a multiple of `quantum`, a power of two; |x| < 2^31 quanta.
float cut(float x, float per_quantum, float quantum) {
    return static_cast<float>(static_cast<int>(x * per_quantum)) * quantum;
}

struct Grid {
    float quantum, per_quantum;
};

/// The grid on which a number of this magnitude has `bits` significant bits.
Grid grid_of(float magnitude, int bits) {
    const int exponent = std::ilogb(magnitude) - (bits - 1);
    return {std::ldexp(1.0f, exponent), std::ldexp(1.0f, -exponent)};
}

float to_bits(float x, int bits) {
    if (x == 0) return 0;
    const Grid grid = grid_of(std::fabs(x), bits);
    return cut(x, grid.per_quantum, grid.quantum);
}

/// The accumulator after one step.
float step(float accumulator, std::span<const float> a, std::span<const float> b, const Accumulation& how) {
    std::array<float, kMmaStep> products;
    float most = how.alignment == Alignment::products_accumulator ? std::fabs(accumulator) : 0.0f;
    for (std::size_t i = 0; i < a.size(); ++i) {
        products[i] = a[i] * b[i];
        most        = std::max(most, std::fabs(products[i]));
    }
    if (most == 0) return accumulator;
    const Grid grid = grid_of(most, how.bits);
    int quanta      = 0;
    for (std::size_t i = 0; i < a.size(); ++i) quanta += static_cast<int>(products[i] * grid.per_quantum);
    if (how.alignment == Alignment::products_accumulator) {
        quanta += static_cast<int>(accumulator * grid.per_quantum);
        return to_bits(static_cast<float>(quanta) * grid.quantum, how.bits);
    }
    const float sum = to_bits(static_cast<float>(quanta) * grid.quantum, how.bits);
    return to_bits(accumulator + sum, how.bits);
}

float exact(std::span<const float> a, std::span<const float> b) {
    std::array<float, 8> lanes{};  // FP32 sums, as many as a vector unit keeps
    std::size_t i = 0;
    for (; i + lanes.size() <= a.size(); i += lanes.size())
        for (std::size_t lane = 0; lane < lanes.size(); ++lane) lanes[lane] += a[i + lane] * b[i + lane];
    for (; i < a.size(); ++i) lanes[0] += a[i] * b[i];
    float sum = 0;
    for (const float lane : lanes) sum += lane;
    return sum;
}

}  // namespace

float dot(std::span<const float> a, std::span<const float> b, const Accumulation& how) {
    if (how.bits == 0) return exact(a, b);
    float sum = 0, accumulator = 0;
    for (std::size_t k = 0; k < a.size(); k += kMmaStep) {
        const std::size_t length = std::min<std::size_t>(kMmaStep, a.size() - k);
        accumulator              = step(accumulator, a.subspan(k, length), b.subspan(k, length), how);
        if (how.promote > 0 && (k + kMmaStep) % static_cast<std::size_t>(how.promote) == 0) {
            sum += accumulator;
            accumulator = 0;
        }
    }
    return sum + accumulator;
}

}  // namespace isobath::numerics
