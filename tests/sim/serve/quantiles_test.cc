#include "sim/serve/quantiles.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "tests/catch.h"

namespace {

using namespace isobath;

using Shape = std::function<Ticks(double)>;  ///< of a uniform number

double uniform(std::mt19937_64& random) {
    return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53;
}

std::vector<Ticks> drawn(const Shape& shape, int count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<Ticks> out;
    for (int i = 0; i < count; ++i) out.push_back(shape(uniform(random)));
    return out;
}

/// Narrow and wide, smooth and in lumps, next to 0 and next to the greatest number.
const std::vector<Shape>& shapes() {
    static const std::vector<Shape> all = {
        [](double u) { return static_cast<Ticks>(1e6 * u); },
        [](double u) { return static_cast<Ticks>(-3e7 * std::log(u)); },
        [](double u) { return static_cast<Ticks>(std::pow(u, -1.1) * 1e6); },
        [](double u) { return static_cast<Ticks>(std::exp(40 * u)); },
        [](double u) { return static_cast<Ticks>(200 * u); },
        [](double u) { return u < 0.3 ? Ticks{1'000'000} : Ticks{50'000'000}; },
        [](double) { return Ticks{123'456'789}; },
        [](double u) { return static_cast<Ticks>(u * 9e18); },
        [](double u) { return static_cast<Ticks>(1e9 + 1000 * u); },
    };
    return all;
}

Quantiles counted(const std::vector<Ticks>& times) {
    Quantiles q;
    for (const Ticks t : times) q.add(t);
    return q;
}

}  // namespace

TEST_CASE("quantiles are within 1/256 of those of the sorted times, whatever their shape",
          "[sim][serve][quantiles]") {
    for (std::size_t i = 0; i < shapes().size(); ++i) {
        std::vector<Ticks> times = drawn(shapes()[i], 20'011, 7);
        const Quantiles q        = counted(times);
        std::sort(times.begin(), times.end());
        INFO("shape " << i);
        for (const double share : {0.0, 0.001, 0.07, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
            // 20,011 is prime, so no share of it is whole but 0 and 1: no tie to decide.
            const auto rank  = static_cast<std::size_t>(std::max(1.0, std::ceil(share * 20'011)));
            const auto exact = static_cast<double>(times[rank - 1]);
            INFO("share " << share);
            CHECK(std::abs(q.quantile(share) - exact) <= Quantiles::kError * exact);
        }
    }
}

TEST_CASE("quantiles keep the exact mean, least and greatest time", "[sim][serve][quantiles]") {
    for (const Shape& shape : shapes()) {
        const std::vector<Ticks> times = drawn(shape, 5000, 3);
        const Quantiles q              = counted(times);
        __int128 sum                   = 0;
        for (const Ticks t : times) sum += t;
        CHECK(q.mean() == static_cast<double>(sum) / 5000);
        CHECK(q.least() == *std::min_element(times.begin(), times.end()));
        CHECK(q.greatest() == *std::max_element(times.begin(), times.end()));
        CHECK(q.quantile(0) == static_cast<double>(q.least()));
        CHECK(q.quantile(1) == static_cast<double>(q.greatest()));
    }
}

TEST_CASE("quantiles of parts, merged in any order and grouping, are those of the whole",
          "[sim][serve][quantiles]") {
    std::vector<Ticks> all;
    std::vector<Quantiles> parts(1);  // the first one is empty
    for (std::size_t i = 0; i < shapes().size(); ++i) {
        const std::vector<Ticks> times = drawn(shapes()[i], 300, i);
        all.insert(all.end(), times.begin(), times.end());
        parts.push_back(counted(times));
    }
    const Quantiles whole = counted(all);
    std::mt19937_64 random(1);
    for (int round = 0; round < 50; ++round) {
        std::vector<Quantiles> left = parts;
        while (left.size() > 1) {  // any two become one: all orders and groupings are reached
            const std::size_t a = random() % left.size();
            Quantiles one       = left[a];
            left.erase(left.begin() + static_cast<std::ptrdiff_t>(a));
            left[random() % left.size()].add(one);
        }
        CHECK(left[0] == whole);
    }
}

TEST_CASE("a time counted n times is n times that are alike", "[sim][serve][quantiles]") {
    Quantiles once, often;
    for (const Ticks t : {5, 1'000, 70'000}) {
        once.add(t, 3);
        once.add(t + 1, 0);
        for (int i = 0; i < 3; ++i) often.add(t);
    }
    CHECK(once == often);
}

TEST_CASE("a quantile is the least time with at least the share at or below", "[sim][serve][quantiles]") {
    Quantiles q;
    for (Ticks t = 1; t <= 100; ++t) q.add(t);  // below 256 ns every time is a part of its own
    for (int percent = 1; percent <= 100; ++percent) CHECK(q.quantile(percent / 100.0) == percent);
    CHECK(q.quantile(0.011) == 2);
}

TEST_CASE("the share within a limit is that of the sorted times, to 1/128 of the limit",
          "[sim][serve][quantiles]") {
    for (const Shape& shape : shapes()) {
        std::vector<Ticks> times = drawn(shape, 4000, 5);
        const Quantiles q        = counted(times);
        std::sort(times.begin(), times.end());
        const auto share = [&](double limit) {
            return static_cast<double>(std::upper_bound(times.begin(), times.end(), limit) - times.begin()) /
                   4000;
        };
        for (std::size_t i = 0; i < times.size(); i += 371) {
            const auto limit = static_cast<double>(times[i]);
            const double got = q.share_within(times[i]);
            CHECK(got >= share(limit * (1 - 1.0 / 128) - 1) - 1e-12);
            CHECK(got <= share(limit * (1 + 1.0 / 128) + 1) + 1e-12);
        }
        CHECK(q.share_within(times.back()) == 1);
        CHECK(q.share_within(times.front() - 1) == 0);
    }
}

TEST_CASE("of no time at all every quantile is 0, and every limit holds", "[sim][serve][quantiles]") {
    const Quantiles q;
    CHECK((q.count() == 0 && q.mean() == 0 && q.quantile(0.5) == 0 && q.share_within(0) == 1));
}

TEST_CASE("times at both ends of 64 bits are counted, and one below 0 as 0", "[sim][serve][quantiles]") {
    Quantiles q;
    q.add(-5);
    q.add(std::numeric_limits<Ticks>::max());
    CHECK(q.least() == 0);
    CHECK(q.greatest() == std::numeric_limits<Ticks>::max());
    CHECK(q.quantile(0.5) == 0);
    CHECK(q.mean() == Approx(std::ldexp(1.0, 62)));
}
