#include "model/numerics/cheapest_policy.h"

#include <algorithm>

#include "tests/catch.h"

using namespace isobath;
using namespace isobath::numerics;

namespace {

/// Bytes of three components, and an error that grows with what they leave out.
double bytes(const PrecisionPolicy& p) {
    return 4 * weight_bytes(p.moe) + 2 * weight_bytes(p.gemm) + activation_bytes(p.dispatch);
}

PolicyScore lost(const PrecisionPolicy& p) {
    const double error =
        3 * (2 - weight_bytes(p.moe)) + 4 * (2 - weight_bytes(p.gemm)) + (2 - activation_bytes(p.dispatch));
    return {error, error / 10};
}

}  // namespace

TEST_CASE("numerics: the search finds what looking at every policy finds", "[model][numerics]") {
    using enum Format;
    for (const double budget : {0.0, 1.0, 2.0, 3.5, 5.0, 7.5, 12.0}) {
        double best = 1e9;
        for (const Format moe : {bf16, fp8_block, fp8_tensor, mxfp8, nvfp4})
            for (const Format gemm : {bf16, fp8_block, fp8_tensor, mxfp8, nvfp4})
                for (const Format wire : {bf16, logfmt10, fp8_block, nvfp4}) {
                    PrecisionPolicy p;
                    p.moe      = moe;
                    p.gemm     = gemm;
                    p.dispatch = wire;
                    if (lost(p).error <= budget) best = std::min(best, bytes(p));
                }
        NumericBudget b;
        b.error                    = budget;
        const CheapestPolicy found = cheapest_policy({}, lost, bytes, b);
        INFO("budget " << budget);
        CHECK(found.feasible);
        CHECK(found.score.error <= budget);
        CHECK(found.cost == Approx(best));
    }
}

TEST_CASE("numerics: the component that holds the cost up is named with what holds it", "[model][numerics]") {
    NumericBudget budget;
    budget.acceptance          = 0.35;  // an error of 3.5: 8-bit experts (3) leave 0.5
    const CheapestPolicy found = cheapest_policy({}, lost, bytes, budget);
    REQUIRE_FALSE(found.binding.empty());
    CHECK(found.binding.front().limit == "acceptance");
    // NVFP4 would save 2 * 1.4375 bytes in the GEMMs and 4 * 0.4375 more in the experts.
    CHECK(found.policy.moe == Format::fp8_tensor);
    CHECK(found.binding.front().component == "gemm");
    CHECK(found.binding.front().format == "nvfp4");
    CHECK(found.binding.front().cost < found.cost);
}

TEST_CASE("numerics: a budget that nothing meets is an answer, and no budget binds nothing",
          "[model][numerics]") {
    NumericBudget budget;
    budget.error = -1;
    CHECK_FALSE(cheapest_policy({}, lost, bytes, budget).feasible);
    const CheapestPolicy free = cheapest_policy({}, lost, bytes, {});
    CHECK(free.binding.empty());
    CHECK(free.policy.moe == Format::nvfp4);
    CHECK(cheapest_policy({}, lost, bytes, {}, false).policy.moe != Format::nvfp4);
}
