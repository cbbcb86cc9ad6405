#include "sim/serve/draws.h"

#include <functional>
#include <set>
#include <vector>

#include "tests/catch.h"
#include "tests/sim/serve/goodness.h"

namespace {

using namespace isobath;
using namespace isobath::test;

constexpr double kKolmogorov = 1.95;

/// One number from each of so many streams, as sources draw them.
std::vector<double> first_of_each(int count, const std::function<double(Draws&)>& draw) {
    std::vector<double> out;
    for (int i = 0; i < count; ++i) {
        Draws draws(1, 7, static_cast<std::uint64_t>(i));
        out.push_back(draw(draws));
    }
    return out;
}

/// And so many numbers from one stream.
std::vector<double> of_one(int count, const std::function<double(Draws&)>& draw) {
    Draws draws(1, 7, 3);
    std::vector<double> out;
    for (int i = 0; i < count; ++i) out.push_back(draw(draws));
    return out;
}

/// Both kinds follow the law, and their means lie within four standard errors.
void follows(const std::function<double(Draws&)>& draw, double mean, double variance,
             const std::function<double(double)>& cumulative) {
    constexpr int kCount = 100'000;
    for (const auto& drawn : {first_of_each(kCount, draw), of_one(kCount, draw)}) {
        CHECK(kolmogorov(drawn, cumulative) < kKolmogorov);
        const Moments m = moments(drawn);
        CHECK(std::abs(m.mean - mean) < 4 * std::sqrt(variance / kCount));
        CHECK(m.variance == Approx(variance).epsilon(0.03));
    }
}

double normal_below(double x) {
    return std::erfc(-x / std::sqrt(2.0)) / 2;
}

}  // namespace

TEST_CASE("draws are uniform, exponential and normal as they say", "[sim][serve][draws]") {
    follows([](Draws& d) { return d.uniform(); }, 0.5, 1.0 / 12, [](double x) { return x; });
    follows([](Draws& d) { return d.exponential(); }, 1, 1, [](double x) { return -std::expm1(-x); });
    follows([](Draws& d) { return d.normal(); }, 0, 1, normal_below);
}

TEST_CASE("gamma draws follow their law for shapes below, at and above 1", "[sim][serve][draws]") {
    // Mean and variance are the shape. Shape 1/2: half the square of a normal number; a whole shape k: the
    // k-th arrival of a Poisson process, sum of x^i e^-x / i! from i = k on.
    follows([](Draws& d) { return d.gamma(0.5); }, 0.5, 0.5, [](double x) { return std::erf(std::sqrt(x)); });
    follows([](Draws& d) { return d.gamma(1); }, 1, 1, [](double x) { return -std::expm1(-x); });
    follows([](Draws& d) { return d.gamma(4); }, 4, 4,
            [](double x) { return 1 - std::exp(-x) * (1 + x + x * x / 2 + x * x * x / 6); });
}

TEST_CASE("log-normal draws have the mean and the cv asked for", "[sim][serve][draws]") {
    const double sigma = std::sqrt(std::log1p(0.7 * 0.7));
    follows([](Draws& d) { return d.log_normal(300, 0.7); }, 300, 210 * 210,
            [=](double x) { return normal_below((std::log(x / 300) + sigma * sigma / 2) / sigma); });
}

TEST_CASE("whole draws are alike likely, for numbers that divide 2^64 and numbers that do not",
          "[sim][serve][draws]") {
    for (const std::uint64_t n : {1, 2, 3, 7, 1000}) {
        std::vector<int> counts(n);
        for (const double x : of_one(70'000, [&](Draws& d) { return static_cast<double>(d.whole(n)); }))
            ++counts[static_cast<std::size_t>(x)];
        double chi         = 0;
        const double alike = 70'000.0 / static_cast<double>(n);
        for (const int c : counts) chi += (c - alike) * (c - alike) / alike;
        // Chi square has mean n - 1 and variance 2 (n - 1).
        const auto degrees = static_cast<double>(n - 1);
        CHECK(chi <= degrees + 4 * std::sqrt(2 * degrees));
    }
    // Of 3 * 2^62 numbers a bare product would give multiples of 3 twice: 1/2, not 1/3, of the draws.
    int threes = 0;
    for (const double x :
         of_one(30'000, [](Draws& d) { return static_cast<double>(d.whole(3ULL << 62) % 3); }))
        threes += x == 0;
    CHECK(threes == Approx(10'000).margin(4 * std::sqrt(30'000 * 2.0 / 9)));
}

TEST_CASE("a draw depends on seed, purpose and item, and on nothing drawn for others",
          "[sim][serve][draws]") {
    std::set<std::uint64_t> seen;
    for (std::uint64_t seed = 0; seed < 20; ++seed)
        for (std::uint64_t purpose = 0; purpose < 20; ++purpose)
            for (std::uint64_t item = 0; item < 50; ++item)
                for (Draws draws(seed, purpose, item); const int n : {0, 1, 2}) {
                    (void)n;
                    seen.insert(draws.bits());
                }
    CHECK(seen.size() == 20 * 20 * 50 * 3);
    Draws first(1, 2, 3), second(1, 2, 4);
    const std::uint64_t a = first.bits(), b = second.bits(), c = first.bits();
    Draws again(1, 2, 3);
    CHECK((again.bits() == a && again.bits() == c && b != a));
}

TEST_CASE("neighbouring streams are not correlated", "[sim][serve][draws]") {
    // Mean of the product of two independent numbers of mean 0 and variance 1/12: standard error
    // 1/12 / sqrt(n).
    constexpr int kCount = 200'000;
    double items = 0, seeds = 0, purposes = 0;
    for (std::uint64_t i = 0; i < kCount; ++i) {
        const double mine = Draws(5, 1, i).uniform() - 0.5;
        items += mine * (Draws(5, 1, i + 1).uniform() - 0.5) / kCount;
        seeds += mine * (Draws(6, 1, i).uniform() - 0.5) / kCount;
        purposes += mine * (Draws(5, 2, i).uniform() - 0.5) / kCount;
    }
    const double most = 4.0 / 12 / std::sqrt(double(kCount));
    CHECK(std::abs(items) < most);
    CHECK(std::abs(seeds) < most);
    CHECK(std::abs(purposes) < most);
}
