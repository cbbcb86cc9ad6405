#include "model/numerics/router_error.h"

#include <cmath>

#include "tests/catch.h"

using namespace isobath;
using namespace isobath::numerics;

namespace {

MoeSpec v3() {
    MoeSpec moe;
    moe.n_routed_experts    = 256;
    moe.num_experts_per_tok = 8;
    moe.n_group             = 8;
    moe.topk_group          = 4;
    moe.sigmoid = moe.bias = true;
    return moe;
}

MoeSpec tiny() {
    MoeSpec moe;
    moe.n_routed_experts    = 6;
    moe.num_experts_per_tok = 2;
    moe.n_group             = 3;
    moe.topk_group          = 1;
    moe.sigmoid = moe.bias = true;
    return moe;
}

}  // namespace

TEST_CASE("numerics: a group stands by the sum of its two best experts", "[model][numerics]") {
    // Sigmoids: {.5, .5} = 1.0 against {.88, .05} = .93 and {.62, .27} = .89: the pair of halves wins
    // although the best expert of all stands in the second group.
    const std::vector<float> logits{0, 0, 2, -3, 0.5f, -1};
    const Choice choice = choose(tiny(), logits, {});
    CHECK(choice.experts == std::vector<int>{0, 1});
    CHECK(choice.weights == std::vector<double>{0.5, 0.5});
    MoeSpec free    = tiny();
    free.topk_group = 3;
    CHECK(choose(free, logits, {}).experts == std::vector<int>{2, 4});
}

TEST_CASE("numerics: the bias steers the choice and leaves the weights", "[model][numerics]") {
    const std::vector<float> logits{0, 0, 2, -3, 0.5f, -1}, bias{0, 0, 0, 0, 1, 1};
    const Choice choice = choose(tiny(), logits, bias);
    CHECK(choice.experts == std::vector<int>{4, 5});
    // sigmoid(.5) = .6225, sigmoid(-1) = .2689: shares .698 and .302.
    CHECK(choice.weights[0] == Approx(0.698).epsilon(0.001));
}

TEST_CASE("numerics: a softmax gate without groups takes the best experts", "[model][numerics]") {
    MoeSpec moe = tiny();
    moe.sigmoid = moe.bias = false;
    moe.n_group = moe.topk_group = 1;
    const Choice choice          = choose(moe, std::vector<float>{0, 1, 2, 3, -1, -2}, {});
    CHECK(choice.experts == std::vector<int>{3, 2});
    CHECK(choice.weights[0] == Approx(1 / (1 + std::exp(-1.0))));
}

TEST_CASE("numerics: no noise flips no expert, and more noise flips more", "[model][numerics]") {
    const RouterError none = router_error(v3(), {}, 0, 1);
    CHECK(none.flips == 0);
    CHECK(none.weight_moved < 1e-12);
    double before = 0;
    for (const double noise : {0.003, 0.03, 0.3}) {
        const RouterError e = router_error(v3(), {}, noise, 1);
        CHECK(e.flips > before);
        CHECK(e.flipped_tokens >= e.flips);
        CHECK(e.flipped_tokens <= 8 * e.flips + 1e-12);  // one of eight is the least that flips a token
        CHECK(e.weight_moved > 0);
        CHECK(e.weight_moved < 1);
        before = e.flips;
    }
    // Noise ten times the signal: nearly another random choice, of which 8 / 256 would be the same.
    const double random = router_error(v3(), {}, 10, 1).flips;
    CHECK(random > 0.85);
    CHECK(random < 1 - 8.0 / 256 + 0.01);
}

TEST_CASE("numerics: the gate's own GEMM flips less in FP32 than in FP16 than in BF16", "[model][numerics]") {
    Noise noise(1);
    const Tensor x = synthetic_activations(128, 1024, noise), w = synthetic_weights(256, 1024, noise);
    const auto flips = [&](Format f) { return router_error(v3(), x, w, f, {}, 1).flips; };
    CHECK(flips(Format::fp32) == 0);
    CHECK(flips(Format::fp16) < flips(Format::bf16));
    CHECK(flips(Format::bf16) < flips(Format::fp8_block));
}
