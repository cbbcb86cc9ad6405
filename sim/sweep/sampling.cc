#include "sim/sweep/sampling.h"

#include <array>
#include <bit>
#include <numeric>
#include <stdexcept>

#include "model/balance/sampling.h"

namespace isobath::sweep {
namespace {

constexpr int kBits = 32;

/// A primitive polynomial modulo 2, x^degree + inner coefficients + 1, and the first direction numbers.
struct Direction {
    int degree;
    std::uint32_t inner;
    std::array<std::uint32_t, 7> first;
};

constexpr Direction kDirections[kSobolDimensions - 1] = {
    {1, 0, {1}},
    {2, 1, {1, 3}},
    {3, 1, {1, 3, 1}},
    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}},
    {4, 4, {1, 3, 5, 13}},
    {5, 2, {1, 1, 5, 5, 17}},
    {5, 4, {1, 1, 5, 5, 5}},
    {5, 7, {1, 1, 7, 11, 19}},
    {5, 11, {1, 1, 5, 1, 1}},
    {5, 13, {1, 1, 1, 3, 11}},
    {5, 14, {1, 3, 5, 5, 31}},
    {6, 1, {1, 3, 3, 9, 7, 49}},
    {6, 13, {1, 1, 1, 15, 21, 21}},
    {6, 16, {1, 3, 1, 13, 27, 49}},
    {6, 19, {1, 1, 1, 15, 7, 5}},
    {6, 22, {1, 3, 1, 15, 13, 25}},
    {6, 25, {1, 1, 5, 5, 19, 61}},
    {7, 1, {1, 3, 7, 11, 23, 15, 103}},
    {7, 4, {1, 3, 7, 13, 13, 15, 69}},
};

using Columns = std::array<std::uint32_t, kBits>;

/// m_i = 2 a_1 m_(i-1) xor 4 a_2 m_(i-2) ... xor 2^s m_(i-s) xor m_(i-s), each a fraction of 2^i.
Columns columns_of(const Direction& d) {
    Columns v{};
    for (int i = 0; i < kBits; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (i < d.degree) {
            v[at] = d.first[at] << (kBits - 1 - i);
            continue;
        }
        const std::uint32_t far = v[at - static_cast<std::size_t>(d.degree)];
        v[at]                   = far ^ (far >> d.degree);
        for (int k = 1; k < d.degree; ++k)
            if (d.inner >> (d.degree - 1 - k) & 1) v[at] ^= v[at - static_cast<std::size_t>(k)];
    }
    return v;
}

std::array<Columns, kSobolDimensions> all_columns() {
    std::array<Columns, kSobolDimensions> out{};
    for (int i = 0; i < kBits; ++i) out[0][static_cast<std::size_t>(i)] = 1U << (kBits - 1 - i);
    for (std::size_t d = 1; d < kSobolDimensions; ++d) out[d] = columns_of(kDirections[d - 1]);
    return out;
}

}  // namespace

std::uint32_t sobol(std::uint32_t index, int dimension) {
    static const std::array<Columns, kSobolDimensions> columns = all_columns();
    if (dimension < 0 || dimension >= kSobolDimensions) throw std::logic_error("sobol: no such dimension");
    const Columns& column = columns[static_cast<std::size_t>(dimension)];
    // In the order of Gray's code, each point is one column away from the last.
    std::uint32_t sum = 0;
    for (std::uint32_t gray = index ^ index >> 1; gray != 0; gray &= gray - 1)
        sum ^= column[static_cast<std::size_t>(std::countr_zero(gray))];
    return sum;
}

std::vector<double> sobol_sample(std::size_t count, int dimensions, std::uint64_t seed) {
    Random random(seed);
    const auto width = static_cast<std::size_t>(dimensions);
    std::vector<double> out(count * width);
    for (std::size_t d = 0; d < width; ++d) {
        const auto shift = static_cast<std::uint32_t>(random() >> 32);
        for (std::size_t i = 0; i < count; ++i)
            out[i * width + d] =
                (sobol(static_cast<std::uint32_t>(i), static_cast<int>(d)) ^ shift) * 0x1p-32;
    }
    return out;
}

std::vector<double> latin_hypercube(std::size_t count, int dimensions, std::uint64_t seed) {
    Random random(seed);
    const auto width = static_cast<std::size_t>(dimensions);
    std::vector<double> out(count * width);
    std::vector<std::size_t> part(count);
    for (std::size_t d = 0; d < width; ++d) {
        std::iota(part.begin(), part.end(), std::size_t{0});
        shuffle(std::span<std::size_t>(part), random);
        for (std::size_t i = 0; i < count; ++i)
            out[i * width + d] = (double(part[i]) + draw_uniform(random)) / double(count);
    }
    return out;
}

}  // namespace isobath::sweep
