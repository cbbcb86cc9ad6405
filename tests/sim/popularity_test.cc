#include "sim/popularity.h"

#include <cmath>

#include "tests/catch.h"

using namespace isobath;

TEST_CASE("popularity: uniform draws hit 1 - (1 - k/E)^T of the experts", "[sim][popularity]") {
    // DeepSeek-V3: 8 of 256. One token hits 3.125 %; 64 tokens 1 - (248/256)^64 = 86.9 %.
    const ExpertDraw draw({0}, 256, 8);
    CHECK(draw.share_hit(1) == Approx(8.0 / 256));
    CHECK(draw.share_hit(64) == Approx(1 - std::pow(248.0 / 256, 64)));
    CHECK(draw.variation() == Approx(0).margin(1e-12));
}

TEST_CASE("popularity: uneven experts are hit less often, and by one token as often", "[sim][popularity]") {
    const ExpertDraw even({0}, 256, 8), uneven({0.85}, 256, 8);
    CHECK(uneven.share_hit(1) == Approx(even.share_hit(1)));
    for (double tokens = 4; tokens < 1e5; tokens *= 2)
        CHECK(uneven.share_hit(tokens) <= even.share_hit(tokens));
    CHECK(uneven.share_hit(32) < 0.9 * even.share_hit(32));
}

TEST_CASE("popularity: a log-normal of deviation sigma varies by exp(sigma^2) - 1", "[sim][popularity]") {
    // Quantiles of 256 experts cut the tail: 0.85 gives exp(0.7225) - 1 = 1.06, less about a tenth.
    const ExpertDraw draw({0.85}, 256, 8);
    CHECK(draw.variation() == Approx(std::exp(0.85 * 0.85) - 1).epsilon(0.15));
}

TEST_CASE("popularity: text that is neither uniform nor lognormal:SIGMA is refused", "[sim][popularity]") {
    Popularity p;
    CHECK(parse_popularity("lognormal:0.5", p));
    CHECK(p.sigma == 0.5);
    CHECK(parse_popularity("uniform", p));
    CHECK(p.uniform());
    for (const char* bad : {"zipf", "lognormal", "lognormal:", "lognormal:-1", "lognormal:1x", "lognormal:9"})
        CHECK_FALSE(parse_popularity(bad, p));
}
