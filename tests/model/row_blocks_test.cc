#include "model/row_blocks.h"

#include <cmath>

#include "tests/catch.h"

using namespace isobath;

namespace {

/// E[ceil(rows / tile)] summed over a binomial: `tokens` tokens each choose this expert with probability p.
double exact_blocks(int tokens, double p, int tile) {
    double mean = 0;
    for (int rows = 0; rows <= tokens; ++rows) {
        const double log_choices =
            std::lgamma(tokens + 1.) - std::lgamma(rows + 1.) - std::lgamma(tokens - rows + 1.);
        mean += std::exp(log_choices + rows * std::log(p) + (tokens - rows) * std::log(1 - p)) *
                ((rows + tile - 1) / tile);
    }
    return mean;
}

}  // namespace

TEST_CASE("row blocks: the table of the normal tail is erfc to 1e-5", "[model][row_blocks]") {
    for (double z = -5; z <= 5; z += 0.013)
        CHECK(normal_tail(z) == Approx(std::erfc(z / std::sqrt(2.0)) / 2).margin(1.1e-5));
}

TEST_CASE("row blocks: rows that are certain are rounded up once", "[model][row_blocks]") {
    CHECK(blocks_of_expert(512, 0, 128).mean == 4);
    CHECK(blocks_of_expert(513, 0, 128).mean == 5);
    CHECK(blocks_of_expert(513, 0, 128).variance == 0);
    CHECK(expected_waves({4, 0}, 2, 32, 132) == 2);  // 256 tiles
    CHECK(expected_waves({11, 0}, 3, 4, 132) == 1);  // 132 tiles fill one wave exactly
    CHECK(expected_waves({17, 0}, 2, 4, 132) == 2);
}

TEST_CASE("row blocks: random rows overflow a full block half of the time", "[model][row_blocks]") {
    // Decode at EP128: 16,384 choices over 256 experts hit an expert 512 times on average, 4 blocks exactly.
    //   Above 512 in half of the draws: E = 4.5 - P(exactly 512) / 2 = 4.5 - 0.0088
    const BlockCount one = blocks_of_expert(512, 512, 128);
    CHECK(one.mean == Approx(4.491).margin(0.002));
    CHECK(one.variance == Approx(0.25).margin(0.001));
    // Two experts: 8, 9 or 10 blocks with 1/4, 1/2, 1/4; at 32 tiles each over 132 SMs 2, 3 or 3 waves.
    CHECK(expected_waves(one, 2, 32, 132) == Approx(2.75).margin(0.03));
}

TEST_CASE("row blocks: the normal sum meets the exact binomial sum", "[model][row_blocks]") {
    for (const int tokens : {2048, 4096, 8192}) {
        const double p = 1.0 / 32, mean = tokens * p;
        CHECK(blocks_of_expert(mean, mean * (1 - p), 128).mean ==
              Approx(exact_blocks(tokens, p, 128)).epsilon(0.005));
    }
}

TEST_CASE("row blocks: rows spread over many blocks end anywhere in the last", "[model][row_blocks]") {
    CHECK(blocks_of_expert(8192, 600. * 600, 128).mean == Approx(64.5));
    // The sum of tails and its limit agree where one takes over from the other (sigma of 4 tiles).
    CHECK(blocks_of_expert(8192, 511. * 511, 128).mean ==
          Approx(blocks_of_expert(8192, 513. * 513, 128).mean).epsilon(1e-3));
}

TEST_CASE("row blocks: more rows never need fewer waves, to the 1 % of the normal sum",
          "[model][row_blocks]") {
    for (const double spread : {0.0, 0.5, 1.0, 3.0}) {
        double before = 0;
        for (int mean = 1; mean < 2000; mean += 7) {
            const BlockCount one = blocks_of_expert(mean, spread * mean, 128);
            const double waves   = expected_waves(one, 4, 32, 132);
            CHECK(waves >= 0.99 * before);
            before = waves;
        }
    }
}
