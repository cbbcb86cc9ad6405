#include "sim/sweep/sampling.h"

#include <set>

#include "tests/catch.h"

using namespace isobath::sweep;

namespace {

/// Each of the first 2^k points has a box of its own when the square is cut into 2^a x 2^(k-a) of them.
bool fills_boxes(const std::vector<double>& points, int x, int y, int dimensions, int a, int b) {
    std::set<std::pair<int, int>> boxes;
    const auto width = static_cast<std::size_t>(dimensions);
    for (std::size_t i = 0; i < points.size(); i += width)
        boxes.insert(
            {int(points[i + std::size_t(x)] * (1 << a)), int(points[i + std::size_t(y)] * (1 << b))});
    return boxes.size() == points.size() / width;
}

}  // namespace

TEST_CASE("sobol: the first dimension is van der Corput's sequence in Gray order", "[sim][sweep]") {
    // Index i in Gray code (0, 1, 11, 10, 110), its bits mirrored at the point: 0, 1/2, 3/4, 1/4, 3/8.
    const double expected[] = {0, 0.5, 0.75, 0.25, 0.375};
    for (std::uint32_t i = 0; i < 5; ++i) CHECK(sobol(i, 0) * 0x1p-32 == expected[i]);
}

TEST_CASE("sobol: the second and third dimensions are as their direction numbers say", "[sim][sweep]") {
    // Dimension 2: x + 1, m = 1, 3, 5, ... (m_i = 2 m_(i-1) xor m_(i-1)): v = 1/2, 3/4, 5/8. Gray codes 1,
    // 11, 10, 110 pick v1; v1^v2; v2; v2^v3: 1/2, 1/4, 3/4, 3/8.
    const double second[] = {0, 0.5, 0.25, 0.75, 0.375};
    // Dimension 3: x^2 + x + 1, m = 1, 3, then 2*3 xor 4*1 xor 1 = 3: v = 1/2, 3/4, 3/8; v2^v3 = 6/8^3/8 =
    // 5/8.
    const double third[] = {0, 0.5, 0.25, 0.75, 0.625};
    for (std::uint32_t i = 0; i < 5; ++i) {
        CHECK(sobol(i, 1) * 0x1p-32 == second[i]);
        CHECK(sobol(i, 2) * 0x1p-32 == third[i]);
    }
}

TEST_CASE("sobol: each part of 2^k holds one of the first 2^k points, in every dimension", "[sim][sweep]") {
    for (int d = 0; d < kSobolDimensions; ++d)
        for (const std::uint32_t n : {16U, 1024U}) {
            std::set<std::uint32_t> parts;
            for (std::uint32_t i = 0; i < n; ++i)
                parts.insert(static_cast<std::uint32_t>(std::uint64_t{sobol(i, d)} * n >> 32));
            INFO("dimension " << d << ", " << n << " points");
            CHECK(parts.size() == n);
        }
    CHECK_THROWS_AS(sobol(1, kSobolDimensions), std::logic_error);
}

TEST_CASE("sobol: the first two dimensions fill every box of equal area, shifted or not", "[sim][sweep]") {
    // A (0, 2)-sequence; an exclusive or with one number moves boxes onto boxes.
    for (const std::uint64_t seed : {1U, 2U})
        for (int a = 0; a <= 8; ++a) CHECK(fills_boxes(sobol_sample(256, 2, seed), 0, 1, 2, a, 8 - a));
    CHECK(sobol_sample(8, 2, 1) != sobol_sample(8, 2, 2));
    CHECK(sobol_sample(8, 2, 1) == sobol_sample(8, 2, 1));
}

TEST_CASE("latin hypercube: each dimension's equal parts hold one point each", "[sim][sweep]") {
    for (const std::size_t n : {1U, 7U, 100U}) {
        const std::vector<double> points = latin_hypercube(n, 3, 5);
        REQUIRE(points.size() == 3 * n);
        for (std::size_t d = 0; d < 3; ++d) {
            std::set<std::size_t> parts;
            for (std::size_t i = 0; i < n; ++i) {
                const double x = points[3 * i + d];
                CHECK((x >= 0 && x < 1));
                parts.insert(static_cast<std::size_t>(x * double(n)));
            }
            CHECK(parts.size() == n);
        }
    }
    CHECK(latin_hypercube(7, 3, 5) != latin_hypercube(7, 3, 6));
}
