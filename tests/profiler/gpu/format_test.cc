#include <cmath>

#include "profiler/gpu/check.h"
#include "profiler/suites/product_format.h"
#include "tests/catch.h"

using namespace isobath;

TEST_CASE("formats: scale tensors have a place for every block", "[profiler]") {
    // Activations, one scale per 1x128: 100 rows of 7168 / 128 = 56 blocks.
    CHECK(scale_count(CUBLASLT_MATMUL_MATRIX_SCALE_VEC128_32F, 100, 7168) == 5600);
    // Weights, one per 128x128: 2112 / 128 = 16.5, so 17 columns; 16 blocks along k = 2048 are a multiple of
    // four, the 5 blocks of k = 640 are not and take 8 places.
    CHECK(scale_count(CUBLASLT_MATMUL_MATRIX_SCALE_BLK128x128_32F, 2112, 2048) == 17 * 16);
    CHECK(scale_count(CUBLASLT_MATMUL_MATRIX_SCALE_BLK128x128_32F, 2112, 640) == 17 * 8);
    // MXFP8 and NVFP4 in tiles of 128 rows by 4 blocks: 1 row takes 128; 7168 / 32 = 224 and 7168 / 16 = 448.
    CHECK(scale_count(CUBLASLT_MATMUL_MATRIX_SCALE_VEC32_UE8M0, 1, 7168) == 128 * 224);
    CHECK(scale_count(CUBLASLT_MATMUL_MATRIX_SCALE_VEC16_UE4M3, 129, 7168) == 256 * 448);
    CHECK(scale_count(CUBLASLT_MATMUL_MATRIX_SCALE_SCALAR_32F, 129, 7168) == 1);
}

TEST_CASE("formats: what a GPU or a version lacks is said with both numbers", "[profiler]") {
    CHECK(format_problem("fp8_block", 9, 0, 130100).empty());
    CHECK(format_problem("fp8_block", 10, 0, 130100) ==
          "cublasLt has fp8_block up to compute capability 9.x, this GPU has 10.0");
    CHECK(format_problem("fp8_block", 9, 0, 120800) == "fp8_block needs cublasLt 120900, here is 120800");
    CHECK(format_problem("nvfp4", 9, 0, 130100) == "nvfp4 needs compute capability 10.0, this GPU has 9.0");
    CHECK(format_problem("fp8_tensor", 8, 0, 130100) ==
          "fp8_tensor needs compute capability 8.9, this GPU has 8.0");
    CHECK(format_problem("bf16", 8, 0, 130100).empty());
}

TEST_CASE("operands: random numbers are normal, never all alike, and rounded as their format is",
          "[profiler]") {
    double sum = 0, squares = 0;
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        const double x = random_bf16_at(1, i);
        sum += x;
        squares += x * x;
        // E4M3 keeps 4 bits: the nearest lies within 1/16 of a number between 2^-6 and 448.
        const double e = random_e4m3_at(1, i);
        if (std::abs(x) > 0.02) CHECK(std::abs(e - x) <= std::abs(x) / 15);
    }
    // Of 10,000 the mean deviates by 0.01, the mean square by sqrt(2) / 100.
    CHECK(std::abs(sum / 10'000) < 0.05);
    CHECK(squares / 10'000 == Approx(1).epsilon(0.06));
    CHECK(random_bf16_at(1, 5) != random_bf16_at(2, 5));
    for (std::uint64_t i = 0; i < 1000; ++i) CHECK(random_byte_at(3, i) != 0);
}

TEST_CASE("operands: NVFP4 codes read as the eight magnitudes of E2M1", "[profiler]") {
    const auto& nvfp4 = product_format("nvfp4");
    for (std::uint64_t i = 0; i < 200; ++i) {
        const double twice = 2 * std::abs(nvfp4.value(1, i));
        CHECK((twice == 0 || twice == 1 || twice == 2 || twice == 3 || twice == 4 || twice == 6 ||
               twice == 8 || twice == 12));
    }
}

TEST_CASE("check: the error of a result that is one percent off is one percent", "[profiler]") {
    const auto off = [](double by) {
        return relative_rms(64, [=](std::uint64_t draw) {
            const double wanted = 1. + double(draw % 10);
            return GotWanted{wanted * (1 + by), wanted};
        });
    };
    CHECK(off(0) == 0);
    CHECK(off(0.01) == Approx(0.01));
    CHECK(off(-0.5) == Approx(0.5));
    CHECK(relative_rms(4, [](std::uint64_t) { return GotWanted{2, 0}; }) == Approx(4));
}
