#include "tests/profiler/simt/emulator.h"
//
#include "profiler/kernels/pointwise.cuh"
#include "tests/catch.h"
#include "tests/profiler/kernels/made_up.h"

using namespace isobath::kernels;
using isobath::simt::emulate;

namespace {

double silu(double x) {
    return x / (1 + std::exp(-x));
}

/// Worst error of a quantised group, as a share of its scale; E4M3 is off by at most half of 32 at 448.
double worst_error(const Buffer<E4m3>& q, const Buffer<float>& scales, const std::vector<double>& x) {
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
        worst = std::max(worst, std::abs(double(to_float(q[i])) * scales[i / 128] - x[i]) / scales[i / 128]);
    return worst;
}

double largest_of(const std::vector<double>& x, std::size_t group) {
    double largest = 1e-4;
    for (std::size_t i = group * 128; i < group * 128 + 128; ++i) largest = std::max(largest, std::abs(x[i]));
    return largest;
}

}  // namespace

TEST_CASE("quantise: a scale is the group's largest value over 448, and values follow",
          "[profiler][kernels]") {
    Buffer<Bf16> from = random_bf16(5 * 384, 1, 3);
    for (std::size_t i = 128; i < 256; ++i) from[i] = Bf16{0};  // an empty group: 1e-4 / 448
    std::vector<double> x;
    for (std::size_t i = 0; i < from.size(); ++i) x.push_back(to_float(from[i]));
    Buffer<E4m3> to(from.size());
    Buffer<float> scales(15);
    emulate({.threads = 256}, [&] { quantise_kernel(5 * 384 / 8, from.data(), to.data(), scales.data()); });
    for (std::size_t g = 0; g < 15; ++g) CHECK(scales[g] == Approx(largest_of(x, g) / 448));
    CHECK(worst_error(to, scales, x) <= 16.01);
}

TEST_CASE("swiglu: silu of the gate times up, in BF16 and quantised", "[profiler][kernels]") {
    const int rows = 3, width = 256;
    const Buffer<Bf16> from = random_bf16(rows * 2 * width, 2, 4);
    std::vector<double> x;
    for (int r = 0; r < rows; ++r)
        for (int c = 0; c < width; ++c) {
            const auto gate = std::size_t(r * 2 * width + c);
            x.push_back(silu(to_float(from[gate])) * to_float(from[gate + width]));
        }
    Buffer<Bf16> to(rows * width);
    emulate({.threads = 256}, [&] { swiglu_kernel(rows * width / 8, width, from.data(), to.data()); });
    for (std::size_t i = 0; i < x.size(); ++i)
        CHECK(to_float(to[i]) == Approx(x[i]).epsilon(1.0 / 256).margin(1e-6));
    Buffer<E4m3> q(rows * width);
    Buffer<float> scales(rows * 2);
    emulate({.threads = 256},
            [&] { swiglu_quantise_kernel(rows * width / 8, width, from.data(), q.data(), scales.data()); });
    CHECK(scales[3] == Approx(largest_of(x, 3) / 448));
    CHECK(worst_error(q, scales, x) <= 16.01);
}

TEST_CASE("rms_norm: rows have mean square 1 before the weight", "[profiler][kernels]") {
    for (const int width : {512, 7168}) {
        const Buffer<Bf16> from   = random_bf16(std::size_t(2 * width), 3, 5),
                           weight = random_bf16(std::size_t(width), 4);
        Buffer<Bf16> to(from.size());
        emulate({.grid_x = 2, .threads = 256, .shared = 32},
                [&] { rms_norm_kernel(width, from.data(), weight.data(), to.data()); });
        for (int r = 0; r < 2; ++r) {
            double squares = 0;
            for (int c = 0; c < width; ++c)
                squares += std::pow(to_float(from[std::size_t(r * width + c)]), 2);
            double worst = 0;
            for (int c = 0; c < width; ++c) {
                const auto i = std::size_t(r * width + c);
                const double expect =
                    to_float(from[i]) / std::sqrt(squares / width + 1e-6) * to_float(weight[std::size_t(c)]);
                worst = std::max(worst, std::abs(to_float(to[i]) - expect) - std::abs(expect) / 256);
            }
            CHECK(worst <= 1e-6);
        }
    }
}

TEST_CASE("rope: turns pairs of the last 64 dims by the token's position, and nothing else",
          "[profiler][kernels]") {
    const int tokens = 3, heads = 2, dim = 192;
    Buffer<Bf16> x          = random_bf16(tokens * heads * dim, 5);
    const Buffer<Bf16> old  = x;
    const int positions[]   = {0, 4, 1};
    const Buffer<float> cos = random_float(5 * 32, 6), sin = random_float(5 * 32, 7);
    emulate({.threads = 256}, [&] {
        rope_kernel(tokens * heads * 8, heads, dim, x.data(), positions, cos.data(), sin.data());
    });
    for (int row = 0; row < tokens * heads; ++row)
        for (int d = 0; d < dim; ++d) {
            const auto i     = std::size_t(row * dim + d),
                       angle = std::size_t(positions[row / heads] * 32 + (d - 128) / 2);
            if (d < 128) {
                CHECK(x[i].bits == old[i].bits);
                continue;
            }
            const double c = cos[angle], s = sin[angle], self = to_float(old[i]),
                         other = to_float(old[i ^ 1]);
            CHECK(to_float(x[i]) == Approx(d % 2 == 0 ? self * c - other * s : self * c + other * s)
                                        .epsilon(1.0 / 200)
                                        .margin(1e-3));
        }
}
