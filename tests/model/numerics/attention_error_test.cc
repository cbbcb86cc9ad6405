#include "model/numerics/attention_error.h"

#include "tests/catch.h"

using namespace isobath;
using namespace isobath::numerics;

namespace {

AttentionSample small() {
    AttentionSample s;
    s.contexts = {512, 1024, 4096};
    return s;
}

const std::vector<AttentionFormat> kFormats{{KvLayout::bf16, Format::bf16},
                                            {KvLayout::fp8_flashmla, Format::bf16},
                                            {KvLayout::fp8, Format::bf16},
                                            {KvLayout::fp8, Format::fp8_tensor}};

}  // namespace

TEST_CASE("numerics: attention over a quantised cache errs in the order of what is quantised",
          "[model][numerics]") {
    Noise noise(1);
    const auto errors = attention_errors(small(), kFormats, noise);
    for (std::size_t c = 0; c < 3; ++c) {
        INFO("context " << errors[0][c].context);
        // BF16 rounds to 2^-9 / sqrt(3) = 0.11 % and E4M3 to 16 times that; the scores' deviation of 2
        // doubles what reaches the weights.
        CHECK(errors[0][c].error.rms < 0.01);
        CHECK(errors[0][c].error.rms < errors[1][c].error.rms);
        CHECK(errors[1][c].error.rms < errors[2][c].error.rms);
        CHECK(errors[2][c].error.rms < errors[3][c].error.rms);
        CHECK(errors[3][c].error.rms < 0.3);
        for (const auto& one : errors) CHECK(one[c].error.max >= one[c].error.rms);
    }
}

TEST_CASE("numerics: errors of single tokens average out over a longer context", "[model][numerics]") {
    // What tokens have in common stays, what is rounded off does not: the output's relative error falls.
    Noise noise(2);
    AttentionSample sample = small();
    sample.latent_mean     = 1;
    const auto errors      = attention_errors(sample, kFormats, noise);
    for (std::size_t f = 0; f < kFormats.size(); ++f) CHECK(errors[f][2].error.rms < errors[f][0].error.rms);
}

TEST_CASE("numerics: a scale from the first tokens lets later ones saturate, a token's own does not",
          "[model][numerics]") {
    // 512 tokens of the user's, the later of them 4 times as large.
    Noise noise(3);
    Tensor cache(1024, 576);
    for (std::size_t t = 0; t < 1024; ++t)
        for (float& v : cache.row(t)) v = noise.normal() * (t < 512 ? 1.0f : 4.0f);
    const auto errors = attention_errors(small(), kFormats, noise, cache);
    REQUIRE(errors[2].size() == 2);  // contexts beyond the user's tokens are left out
    CHECK(errors[2][0].cache.saturated == 0);
    // Beyond 3.7 / 4 deviations lies a third of the later half; the greatest of the first is 3.7.
    CHECK(errors[2][1].cache.saturated_share() == Approx(0.17).epsilon(0.15));
    CHECK(errors[1][1].cache.saturated == 0);
}

TEST_CASE("numerics: the same seed gives the same attention errors, alone or among others",
          "[model][numerics]") {
    Noise one(5), other(5);
    const auto all  = attention_errors(small(), kFormats, one),
               last = attention_errors(small(), {kFormats[3]}, other);
    CHECK(all[3][2].error.rms == last[0][2].error.rms);
}
