/// What cublasLt must be told about a product's number format, and what its operands look like in memory.
#pragma once

#include <cstdint>
#include <string>

#include <cublasLt.h>

#include "profiler/gpu/memory.h"

namespace isobath {

/// Both operands lie with k running fastest: the weights [n][k], the activations [m][k].
struct ProductFormat {
    cudaDataType type;
    bool scaled;  ///< scale pointers and modes are set
    cublasLtMatmulMatrixScale_t weights, activations;
    bool fast_accumulation;                    ///< as engines ask for with one scale per tensor
    int least_major, least_minor, most_major;  ///< compute capabilities that have it
    std::size_t least_version;                 ///< of cublasLt

    DeviceBuffer (*operand)(std::size_t count, std::uint64_t seed);
    double (*value)(std::uint64_t seed, std::uint64_t index);  ///< what operand() put there
};

/// Throws std::logic_error for a format that no product has.
const ProductFormat& product_format(const std::string& format);

/// Why a device or version lacks the format; empty: it has it.
std::string format_problem(const std::string& format, int major, int minor, std::size_t version);

/// Elements of the scale tensor for an operand of `rows` by `k`, and the tensor itself, every scale being 1.
std::size_t scale_count(cublasLtMatmulMatrixScale_t mode, std::int64_t rows, std::int64_t k);
DeviceBuffer scales_of_one(cublasLtMatmulMatrixScale_t mode, std::int64_t rows, std::int64_t k);

}  // namespace isobath
