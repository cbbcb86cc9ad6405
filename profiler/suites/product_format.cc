#include "profiler/suites/product_format.h"

#include <array>
#include <map>
#include <stdexcept>

namespace isobath {
namespace {

constexpr auto kOne     = CUBLASLT_MATMUL_MATRIX_SCALE_SCALAR_32F;
constexpr auto kRow128  = CUBLASLT_MATMUL_MATRIX_SCALE_VEC128_32F;
constexpr auto kTile128 = CUBLASLT_MATMUL_MATRIX_SCALE_BLK128x128_32F;
constexpr auto kMx      = CUBLASLT_MATMUL_MATRIX_SCALE_VEC32_UE8M0;
constexpr auto kNv      = CUBLASLT_MATMUL_MATRIX_SCALE_VEC16_UE4M3;
constexpr int kNewest   = 99;

double bf16_value(std::uint64_t seed, std::uint64_t i) {
    return random_bf16_at(seed, i);
}

double e4m3_value(std::uint64_t seed, std::uint64_t i) {
    return random_e4m3_at(seed, i);
}

DeviceBuffer e2m1_operand(std::size_t count, std::uint64_t seed) {
    return random_bytes((count + 1) / 2, seed);
}

/// Two in a byte, the first in its low half: sign, two bits of exponent, one of mantissa.
double e2m1_value(std::uint64_t seed, std::uint64_t i) {
    constexpr std::array kMagnitudes{0., 0.5, 1., 1.5, 2., 3., 4., 6.};
    const int code         = (random_byte_at(seed, i / 2) >> (i % 2 * 4)) & 15;
    const double magnitude = kMagnitudes[static_cast<std::size_t>(code & 7)];
    return (code & 8) != 0 ? -magnitude : magnitude;
}

const std::map<std::string, ProductFormat>& formats() {
    // Versions and capabilities as cuBLAS's release notes tell: FP8 from Ada on, FP32 block scales on Hopper
    // alone and from CUDA 12.9 on, MXFP8 and NVFP4 on Blackwell and from CUDA 12.8 on.
    static const std::map<std::string, ProductFormat> table{
        {"bf16", {CUDA_R_16BF, false, kOne, kOne, false, 8, 0, kNewest, 110000, random_bf16, bf16_value}},
        {"fp8_tensor",
         {CUDA_R_8F_E4M3, true, kOne, kOne, true, 8, 9, kNewest, 120000, random_e4m3, e4m3_value}},
        {"fp8_block",
         {CUDA_R_8F_E4M3, true, kTile128, kRow128, false, 9, 0, 9, 120900, random_e4m3, e4m3_value}},
        {"mxfp8", {CUDA_R_8F_E4M3, true, kMx, kMx, false, 10, 0, kNewest, 120800, random_e4m3, e4m3_value}},
        {"nvfp4", {CUDA_R_4F_E2M1, true, kNv, kNv, false, 10, 0, kNewest, 120800, e2m1_operand, e2m1_value}},
    };
    return table;
}

std::size_t up_to(std::int64_t count, std::int64_t unit) {
    return static_cast<std::size_t>((count + unit - 1) / unit * unit);
}

std::size_t blocks(std::int64_t count, std::int64_t unit) {
    return up_to(count, unit) / static_cast<std::size_t>(unit);
}

/// Narrow scales come in tiles of 128 rows by four blocks.
std::size_t tiled(std::int64_t rows, std::int64_t k, std::int64_t block) {
    return up_to(rows, 128) * up_to(static_cast<std::int64_t>(blocks(k, block)), 4);
}

}  // namespace

const ProductFormat& product_format(const std::string& format) {
    const auto found = formats().find(format);
    if (found == formats().end()) throw std::logic_error("no product has the format " + format);
    return found->second;
}

std::string format_problem(const std::string& format, int major, int minor, std::size_t version) {
    const ProductFormat& f = product_format(format);
    const std::string here = std::to_string(major) + "." + std::to_string(minor);
    if (10 * major + minor < 10 * f.least_major + f.least_minor)
        return format + " needs compute capability " + std::to_string(f.least_major) + "." +
               std::to_string(f.least_minor) + ", this GPU has " + here;
    if (major > f.most_major)
        return "cublasLt has " + format + " up to compute capability " + std::to_string(f.most_major) +
               ".x, this GPU has " + here;
    if (version < f.least_version)
        return format + " needs cublasLt " + std::to_string(f.least_version) + ", here is " +
               std::to_string(version);
    return {};
}

std::size_t scale_count(cublasLtMatmulMatrixScale_t mode, std::int64_t rows, std::int64_t k) {
    switch (mode) {
        case kRow128: return static_cast<std::size_t>(rows) * blocks(k, 128);
        // One column of blocks takes a multiple of four places.
        case kTile128: return up_to(static_cast<std::int64_t>(blocks(k, 128)), 4) * blocks(rows, 128);
        case kMx: return tiled(rows, k, 32);
        case kNv: return tiled(rows, k, 16);
        default: return 1;
    }
}

DeviceBuffer scales_of_one(cublasLtMatmulMatrixScale_t mode, std::int64_t rows, std::int64_t k) {
    const std::size_t count = scale_count(mode, rows, k);
    if (mode == kMx) return filled_bytes(count, 127);   // E8M0: 2^(127 - 127)
    if (mode == kNv) return filled_bytes(count, 0x38);  // E4M3: exponent 7, its bias, and no mantissa
    return filled_floats(count, 1);
}

}  // namespace isobath
