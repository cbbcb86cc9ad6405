#include "model/numerics/quantise.h"

#include <cmath>

#include "model/numerics/error.h"
#include "model/numerics/float_format.h"
#include "model/numerics/synthetic.h"
#include "tests/catch.h"

using namespace isobath;
using namespace isobath::numerics;

namespace {

Tensor row_of(std::vector<float> values) {
    Tensor t;
    t.rows    = 1;
    t.columns = values.size();
    t.values  = std::move(values);
    return t;
}

double error_of(const Tensor& t, Format format) {
    Tensor q = t;
    quantise(q, format, Role::activation);
    return relative_error(t, q).rms;
}

}  // namespace

TEST_CASE("numerics: one great value costs its own block of 128 its precision, and no other",
          "[model][numerics]") {
    Tensor t = row_of(std::vector<float>(256, 1.0f));
    t.at(0, 0) =
        448 * 1024;  // scale 1024: steps of E4M3's subnormals are 1024 / 512 = 2, and 1 is a tie to 0
    const QuantisationCount count = quantise(t, Format::fp8_block, Role::activation);
    CHECK(t.at(0, 0) == 448 * 1024);
    CHECK(t.at(0, 127) == 0);
    CHECK(t.at(0, 128) == Approx(1));
    CHECK(count.flushed_share() == Approx(127.0 / 256));
    CHECK(count.saturated == 0);
}

TEST_CASE("numerics: a weight block spans 128 rows, an activation block one", "[model][numerics]") {
    Tensor weights(2, 128);
    for (float& v : weights.values) v = 1;
    weights.at(0, 0)   = 448 * 1024;
    Tensor activations = weights;
    quantise(weights, Format::fp8_block, Role::weight);
    quantise(activations, Format::fp8_block, Role::activation);
    CHECK(weights.at(1, 5) == 0);
    CHECK(activations.at(1, 5) == Approx(1));
}

TEST_CASE("numerics: an MX scale is a power of two, so that the top of a block may saturate",
          "[model][numerics]") {
    // Greatest 1.96875: floor(log2) = 0, scale 2^-8, element 504 > 464: saturates to 448 * 2^-8 = 1.75.
    Tensor t                      = row_of({1.96875f, 1.0f, -0.5f});
    const QuantisationCount count = quantise(t, Format::mxfp8, Role::activation);
    CHECK(t.values == std::vector<float>{1.75f, 1.0f, -0.5f});
    CHECK(count.saturated == 1);
}

TEST_CASE("numerics: NVFP4 keeps eight magnitudes of a block of 16, scaled in E4M3", "[model][numerics]") {
    // Tensor scale 6 * 448 / (6 * 448) = 1, block scale 448: the grid is 448 * {0, .5, 1, 1.5, 2, 3, 4, 6}.
    std::vector<float> values(16, 0.0f);
    values[0]                     = 6 * 448;
    values[1]                     = 448 * 2.4f;   // nearest 2
    values[2]                     = 448 * -2.6f;  // nearest -3
    values[3]                     = 448 * 0.25f;  // a tie between 0 and .5: code 0 is even
    Tensor t                      = row_of(values);
    const QuantisationCount count = quantise(t, Format::nvfp4, Role::activation);
    CHECK(t.at(0, 0) == Approx(6 * 448));
    CHECK(t.at(0, 1) == Approx(2 * 448));
    CHECK(t.at(0, 2) == Approx(-3 * 448));
    CHECK(t.at(0, 3) == 0);
    CHECK(count.flushed == 1);
}

TEST_CASE("numerics: INT8 rounds to 127 steps of each row", "[model][numerics]") {
    Tensor t(2, 3);
    t.values = {127, 1.4f, -0.6f, 1.27f, 0.014f, 0.004f};
    quantise(t, Format::int8, Role::weight);
    CHECK(t.at(0, 1) == 1);
    CHECK(t.at(0, 2) == -1);
    CHECK(t.at(1, 1) == Approx(0.01));
    CHECK(t.at(1, 2) == 0);
}

TEST_CASE("numerics: LogFMT keeps a tile's ends and misses by half a logarithmic step at most",
          "[model][numerics]") {
    // Nine bits over a ratio of 2^10: steps of 2^(10 / 510), so that linear rounding errs by less than
    // (2^(10/510) - 1) / 2 = 0.68 %.
    std::vector<float> values;
    for (int i = 0; i < 128; ++i) values.push_back((i % 2 ? -1.0f : 1.0f) * std::exp2(float(i) * 10 / 127));
    values[5] = 0;
    Tensor t  = row_of(values);
    quantise(t, Format::logfmt10, Role::activation);
    CHECK(t.at(0, 0) == Approx(values[0]));
    CHECK(t.at(0, 127) == Approx(values[127]));
    CHECK(t.at(0, 5) == 0);
    for (std::size_t i = 0; i < 128; ++i)
        CHECK(std::fabs(t.at(0, i) - values[i]) <= 0.0069f * std::fabs(values[i]));
}

TEST_CASE("numerics: rounding errs as the theory of uniform errors says", "[model][numerics]") {
    // Between 2^e and 2^(e+1) a format of m mantissa bits has steps of 2^(e-m), and errors uniform in a step
    // have the mean square step^2 / 12. Log-uniform values have the mean square 4^e * (3/2) / ln 2 there. So
    // in every octave error^2 / value^2 = 4^-m / 12 / (1.5 / ln 2): 0.153 % of the rms for m = 7, 2.45 % for
    // m = 3.
    Noise noise(1);
    Tensor t(1, 1 << 15);
    for (float& v : t.values)
        v = float(std::exp2(-4 * noise.uniform())) * (noise.uniform() < 0.5 ? -1.f : 1.f);
    const double share = std::sqrt(std::log(2.0) / 18);
    CHECK(error_of(t, Format::bf16) == Approx(std::exp2(-7) * share).epsilon(0.02));
    Tensor e4m3 = t;
    quantise_e4m3(e4m3.values, 1);
    CHECK(relative_error(t, e4m3).rms == Approx(std::exp2(-3) * share).epsilon(0.02));
}

TEST_CASE("numerics: fewer bits store worse, whatever the outliers", "[model][numerics]") {
    for (const double size : {1.0, 20.0, 200.0}) {
        Noise noise(3);
        const Tensor t = synthetic_activations(32, 1024, noise, {0.5, 4e-3, size});
        INFO("outliers " << size);
        CHECK(error_of(t, Format::fp32) == 0);
        CHECK(error_of(t, Format::fp16) < error_of(t, Format::bf16));
        CHECK(error_of(t, Format::bf16) < error_of(t, Format::logfmt10));
        CHECK(error_of(t, Format::logfmt10) < error_of(t, Format::fp8_block));
        CHECK(error_of(t, Format::fp8_block) < error_of(t, Format::nvfp4));
        // An MX scale lets the top of a block saturate by up to 1 - 448 / 512 = 12.5 %: where outliers carry
        // all of the size, that is worse than NVFP4, whose scale fits the greatest value.
        if (size <= 20) CHECK(error_of(t, Format::mxfp8) < error_of(t, Format::nvfp4));
    }
}

TEST_CASE("numerics: nothing, zeros and the smallest floats are stored without NaN", "[model][numerics]") {
    for (int f = 0; f < kFormatCount; ++f) {
        Tensor zeros(3, 33), tiny(3, 33), none(0, 0);
        for (float& v : tiny.values) v = 1e-44f;
        const auto format = static_cast<Format>(f);
        for (Tensor* t : {&zeros, &tiny, &none}) {
            quantise(*t, format, Role::activation);
            for (const float v : t->values) CHECK(std::isfinite(v));
        }
        for (const float v : zeros.values) CHECK(v == 0);
    }
}
