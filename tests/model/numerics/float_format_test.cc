#include "model/numerics/float_format.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "tests/catch.h"

using namespace isobath::numerics;

namespace {

struct Named {
    const char* name;
    FloatFormat format;
    double largest, smallest;
};

// Largest and smallest values as the OCP specifications and IEEE 754 print them.
const Named kFormats[] = {{"E4M3", kE4M3, 448, 0x1p-9},
                          {"E5M2", kE5M2, 57344, 0x1p-16},
                          {"E2M1", kE2M1, 6, 0.5},
                          {"FP16", kFp16, 65504, 0x1p-24},
                          {"BF16", kBf16, 0x1.FEp127, 0x1p-133}};

/// The value of a code from its fields, by the definition alone; NaN and infinity as NaN.
double defined(const FloatFormat& f, int code) {
    const int mantissa_codes = 1 << f.mantissa_bits, sign = code >> (f.exponent_bits + f.mantissa_bits);
    const int exponent = (code / mantissa_codes) % (1 << f.exponent_bits), mantissa = code % mantissa_codes;
    const bool top = exponent == (1 << f.exponent_bits) - 1;
    if (f.specials == Specials::ieee && top) return NAN;
    if (f.specials == Specials::nan_only && top && mantissa == mantissa_codes - 1) return NAN;
    const double fraction = double(mantissa) / mantissa_codes;
    const double size     = exponent == 0 ? std::pow(2.0, 1 - f.bias) * fraction
                                          : std::pow(2.0, exponent - f.bias) * (1 + fraction);
    return sign ? -size : size;
}

/// The nearest code that is not negative by looking at the two neighbours, ties to the even code.
int nearest_code(const std::vector<double>& values, double x) {
    const auto above = std::size_t(std::lower_bound(values.begin(), values.end(), x) - values.begin());
    if (above == values.size()) return int(above) - 1;
    if (above == 0) return 0;
    const double up = values[above] - x, down = x - values[above - 1];
    if (up == down) return int(above % 2 == 0 ? above : above - 1);
    return int(up < down ? above : above - 1);
}

std::vector<double> magnitudes(const FloatFormat& f) {
    std::vector<double> out;
    for (int code = 0; code < f.codes() / 2 && !std::isnan(defined(f, code)); ++code)
        out.push_back(defined(f, code));
    return out;
}

}  // namespace

TEST_CASE("numerics: every code of every format has the value that its fields define", "[model][numerics]") {
    for (const Named& n : kFormats) {
        INFO(n.name);
        CHECK(double(largest(n.format)) == n.largest);
        CHECK(double(smallest(n.format)) == n.smallest);
        int wrong = 0, specials = 0;
        for (int code = 0; code < n.format.codes(); ++code) {
            const float got   = decode(n.format, std::uint16_t(code));
            const double want = defined(n.format, code);
            specials += std::isnan(want);
            wrong += std::isnan(want) ? std::isfinite(got) : double(got) != want;
        }
        CHECK(wrong == 0);
        // E4M3 has one NaN of each sign, E2M1 none; IEEE's top exponent is infinity and NaN throughout.
        const int expected = n.format.specials == Specials::ieee       ? 2 << n.format.mantissa_bits
                             : n.format.specials == Specials::nan_only ? 2
                                                                       : 0;
        CHECK(specials == expected);
    }
}

TEST_CASE("numerics: a value that a format holds comes back as the code it was", "[model][numerics]") {
    for (const Named& n : kFormats) {
        INFO(n.name);
        int wrong = 0;
        for (int code = 0; code < n.format.codes(); ++code)
            if (const float value = decode(n.format, std::uint16_t(code)); std::isfinite(value))
                wrong += encode(n.format, value) != code || rounded(n.format, value) != value;
        CHECK(wrong == 0);
    }
}

TEST_CASE("numerics: rounding picks the nearest code, and the even one of two", "[model][numerics]") {
    std::mt19937_64 random(1);
    for (const Named& n : kFormats) {
        INFO(n.name);
        const std::vector<double> values = magnitudes(n.format);
        int wrong                        = 0;
        const auto tried                 = [&](float x) {
            const int code = nearest_code(values, std::fabs(double(x)));
            const int sign = std::signbit(x) ? n.format.codes() / 2 : 0;
            wrong += encode(n.format, x) != code + sign;
            wrong += double(std::fabs(rounded(n.format, x))) != values[std::size_t(code)];
        };
        for (std::size_t i = 0; i + 1 < values.size(); ++i) {  // each tie, and a little to either side
            const auto tie = float(values[i] / 2 + values[i + 1] / 2);
            for (const float x : {tie, std::nextafter(tie, 0.0f), std::nextafter(tie, 1e38f)}) {
                tried(x);
                tried(-x);
            }
        }
        for (int i = 0; i < 50'000; ++i) {  // exponents from below the smallest to above the largest
            const int low = std::ilogb(n.smallest) - 3, high = std::min(std::ilogb(n.largest) + 2, 127);
            const int exponent = low + int(random() % unsigned(high - low));
            tried(float(std::ldexp(1 + double(random() >> 11) * 0x1p-53, exponent)));
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("numerics: beyond the largest value formats saturate, or say so", "[model][numerics]") {
    // E4M3: 464 lies half-way between 448 and the 480 that is NaN; the tie goes to 448, whose code is even.
    CHECK(rounded(kE4M3, 464, Overflow::special) == 448);
    CHECK(std::isnan(rounded(kE4M3, 464.1f, Overflow::special)));
    CHECK(rounded(kE4M3, 1e9f) == 448);
    CHECK(rounded(kE4M3, -INFINITY) == -448);
    CHECK(std::isnan(rounded(kE4M3, NAN)));
    CHECK(encode(kE4M3, NAN) % 128 == 0x7F);
    // E5M2: 61440 lies half-way to 2^16 and goes to the even code, infinity.
    CHECK(std::isinf(rounded(kE5M2, 61440, Overflow::special)));
    CHECK(rounded(kE5M2, 61439, Overflow::special) == 57344);
    CHECK(rounded(kE5M2, 61440) == 57344);
    CHECK(encode(kE5M2, INFINITY, Overflow::special) == 0x7C);
    // E2M1 has neither: PTX turns NaN into the largest value.
    CHECK(rounded(kE2M1, NAN) == 6);
    CHECK(rounded(kE2M1, INFINITY, Overflow::special) == 6);
    CHECK(std::signbit(rounded(kE2M1, -0.1f)));
}

TEST_CASE("numerics: an E8M0 scale is the power of two at or below", "[model][numerics]") {
    CHECK(decode_e8m0(127) == 1);
    CHECK(decode_e8m0(0) == 0x1p-127f);
    CHECK(std::isnan(decode_e8m0(255)));
    CHECK(encode_e8m0(1.99f) == 127);
    CHECK(encode_e8m0(2) == 128);
    CHECK(encode_e8m0(1e-45f) == 0);
    for (int code = 0; code < 255; ++code) CHECK(encode_e8m0(decode_e8m0(std::uint8_t(code))) == code);
}
