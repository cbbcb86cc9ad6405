#include "sim/serve/draws.h"

namespace isobath {

std::uint64_t Draws::whole(std::uint64_t n) {
    const auto draw           = [&] { return static_cast<unsigned __int128>(bits()) * n; };
    unsigned __int128 product = draw();
    if (static_cast<std::uint64_t>(product) < n) {
        const std::uint64_t excess = (0 - n) % n;  // 2^64 mod n numbers would be counted once too often
        while (static_cast<std::uint64_t>(product) < excess) product = draw();
    }
    return static_cast<std::uint64_t>(product >> 64);
}

double Draws::normal() {
    for (;;) {
        const double u = uniform(), v = 1.7156 * (uniform() - 0.5);
        const double x = u - 0.449871, y = std::abs(v) + 0.386595;
        const double q = x * x + y * (0.19600 * y - 0.25472 * x);
        if (q < 0.27597 || (q <= 0.27846 && v * v <= -4 * u * u * std::log(u))) return v / u;
    }
}

double Draws::gamma(double shape) {
    if (shape < 1) return gamma(shape + 1) * std::exp(-exponential() / shape);
    const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
        const double x = normal(), root = 1 + c * x;
        if (root <= 0) continue;
        const double v = root * root * root, u = uniform();
        if (u < 1 - 0.0331 * x * x * x * x || std::log(u) < x * x / 2 + d * (1 - v + std::log(v)))
            return d * v;
    }
}

double Draws::log_normal(double mean, double cv) {
    const double variance = std::log1p(cv * cv);
    return mean * std::exp(std::sqrt(variance) * normal() - variance / 2);
}

}  // namespace isobath
