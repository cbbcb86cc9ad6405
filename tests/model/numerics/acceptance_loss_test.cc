#include "model/numerics/acceptance_loss.h"

#include <cmath>
#include <vector>

#include "model/numerics/stack_noise.h"
#include "tests/catch.h"

using namespace isobath::numerics;

TEST_CASE("numerics: total variation of two words is the difference of their chances", "[model][numerics]") {
    // softmax(0, ln 3) = (1/4, 3/4); softmax(0, 0) = (1/2, 1/2).
    const std::vector<float> a{0, std::log(3.0f)}, b{0, 0}, far{100, 0};
    CHECK(total_variation(a, b) == Approx(0.25));
    CHECK(total_variation(a, a) == 0);
    CHECK(total_variation(std::vector<float>{0, 100}, far) == Approx(1));
}

TEST_CASE("numerics: a made-up draft is accepted as often as it was asked for", "[model][numerics]") {
    Noise noise(1);
    const Tensor target = synthetic_logits(64, 1024, noise);
    for (const double accepted : {0.875, 0.6, 0.4})
        CHECK(acceptance(target, synthetic_draft(target, accepted, 3)) == Approx(accepted).epsilon(0.01));
    CHECK(acceptance(target, synthetic_draft(target, 1, 3)) == Approx(1).epsilon(1e-3));
    CHECK_THROWS(synthetic_draft(target, 0, 3));
}

TEST_CASE("numerics: noise costs acceptance, on both sides more than on one", "[model][numerics]") {
    Noise noise(2);
    const Tensor target = synthetic_logits(128, 1024, noise), draft = synthetic_draft(target, 0.875, 5);
    const NoisyAcceptance none = noisy_acceptance(target, draft, 0, 0, 7);
    CHECK(none.both == Approx(none.exact));
    CHECK(none.total_variation == Approx(0).margin(1e-12));
    double before = none.exact;
    for (const double size : {0.02, 0.05, 0.1, 0.2}) {
        const NoisyAcceptance a = noisy_acceptance(target, draft, size, size, 7);
        CHECK(a.both < before);
        CHECK(a.both < a.target);
        CHECK(a.both < a.draft);
        // TV is a metric: noise cannot cost more than the distance that it makes.
        CHECK(a.exact - a.target <= a.total_variation);
        before = a.both;
    }
}

TEST_CASE("numerics: errors of blocks add up between their mean and their sum", "[model][numerics]") {
    // Variances 4 and 2: mean 3, sum 6, and 4 / 1 + 2 / 2 = 5.
    const std::vector<double> two{4, 2};
    const StackNoise noise = through_stack(two);
    CHECK(noise.low == Approx(std::sqrt(3)));
    CHECK(noise.hidden == Approx(std::sqrt(5)));
    CHECK(noise.high == Approx(std::sqrt(6)));
    // 122 equal blocks: H(122) = ln 122 + 0.5772 + 1 / 244 = 5.385.
    CHECK(through_stack(std::vector<double>(122, 1.0)).hidden == Approx(std::sqrt(5.385)).epsilon(1e-3));
    CHECK(through_stack({}).hidden == 0);
}
