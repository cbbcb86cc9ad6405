#include "model/acceptance/allocation.h"

#include <numeric>

#include "tests/catch.h"

using namespace isobath;

namespace {

const std::vector<double> kFalling{0.875, 0.532, 0.244}, kRising{0.76, 0.62, 0.51, 0.42};

}  // namespace

TEST_CASE("allocation: contexts average to the measured curve, and none rises", "[model][acceptance]") {
    for (const auto& curve : {kFalling, kRising}) {
        const ContextCurves c = spread_contexts(curve);
        for (int i = 1; i <= c.depth; ++i) {
            double mean = 0;
            for (int r = 0; r < c.contexts; ++r) {
                mean += c.at(r, i) / c.contexts;
                CHECK(c.at(r, i) <= (i == 1 ? 1 : c.at(r, i - 1)) + 1e-12);
            }
            CHECK(mean == Approx(curve[static_cast<std::size_t>(i - 1)]).epsilon(1e-9));
        }
        CHECK(always(c).accepted == Approx(std::accumulate(curve.begin(), curve.end(), 0.0)));
    }
}

TEST_CASE("allocation: a threshold of 0 verifies every draft and one of 1 none", "[model][acceptance]") {
    const ContextCurves c = spread_contexts(kFalling);
    CHECK(static_threshold(c, 0, 8).verified == 3);
    CHECK(static_threshold(c, 0, 8).accepted == Approx(1.651));
    CHECK(static_threshold(c, 0, 8).passes == 3);
    CHECK(static_threshold(c, 1, 8).verified == 0);
    CHECK(static_threshold(c, 1, 8).passes == 1);  // the first draft is made before anything is known
    double before = 3;
    for (double tau = 0.1; tau < 1; tau += 0.1) {
        const DraftLoad load = static_threshold(c, tau, 8);
        CHECK(load.verified <= before);
        CHECK(load.accepted <= load.verified);
        CHECK(load.accepted >= tau * load.verified - 1e-12);        // each verified draft has at least tau
        CHECK(load.passes <= static_threshold(c, tau, 64).passes);  // a larger batch stops later
        before = load.verified;
    }
}

TEST_CASE("allocation: adaptive verifies all where verification is free, none where it costs a step",
          "[model][acceptance]") {
    const ContextCurves c = spread_contexts(kFalling);
    CHECK(adaptive(c, [](int) { return 1.0; }).verified == Approx(3));
    CHECK(adaptive(c, [](int k) { return 1.0 + k; }).verified == 0);
    // Between them it beats every fixed depth, and every fixed threshold, at the same cost.
    const auto time   = [](int k) { return 1 + 0.35 * k; };
    const auto rate   = [&](const DraftLoad& l) { return (1 + l.accepted) / (1 + 0.35 * l.verified); };
    const double best = rate(adaptive(c, time));
    CHECK(best > rate(always(c)));
    for (double tau = 0; tau <= 1; tau += 0.05) CHECK(best >= rate(static_threshold(c, tau, 1)) - 1e-12);
}

TEST_CASE("allocation: as verification grows dearer fewer drafts are verified", "[model][acceptance]") {
    const ContextCurves c = spread_contexts(kRising);
    double before         = 5;
    for (const double cost : {0.0, 0.1, 0.2, 0.3, 0.5, 0.8}) {
        const double now = adaptive(c, [&](int k) { return 1 + cost * k; }).verified;
        CHECK(now <= before);
        before = now;
    }
}
