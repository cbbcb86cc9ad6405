#include "model/train/goodput.h"

#include <cmath>

#include "tests/catch.h"

using namespace isobath;
using unit::s;

TEST_CASE("goodput: without failures every second counts", "[model][train]") {
    CHECK(wall_per_useful({}, 600 * s) == 1);
}

TEST_CASE("goodput: a job fails as often as all its GPUs together", "[model][train]") {
    CHECK(job_mtbf(50'700 * 3600 * s, 2048) / (3600 * s) == Approx(24.756).epsilon(1e-4));
}

TEST_CASE("goodput: rare failures cost the checkpoints and half an interval each", "[model][train]") {
    // To first order 1 + C / tau + (tau / 2 + R) / M: 1 + 10/2000 + (1000 + 100) / 1e6.
    const Failures f{1e6 * s, 10 * s, 100 * s};
    CHECK(wall_per_useful(f, 2000 * s) == Approx(1 + 0.005 + 0.0011).epsilon(1e-4));
}

TEST_CASE("goodput: Young's interval is sqrt(2 C M), and Daly's is the best within a hair",
          "[model][train]") {
    const Failures f{36'000 * s, 30 * s, 300 * s};
    CHECK(young_interval(f) / s == Approx(std::sqrt(2 * 30 * 36'000.)));
    const double best = wall_per_useful(f, daly_interval(f));
    for (const double tau : {300., 600., 900., 1200., 1400., 1500., 1700., 2500.})
        CHECK(wall_per_useful(f, tau * s) >= best * (1 - 1e-5));
    CHECK(daly_interval({10 * s, 30 * s, {}}) / s == Approx(10));  // C >= 2M: M itself
}
