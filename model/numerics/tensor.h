/// A matrix of numbers in row-major order.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace isobath::numerics {

/// `rows` x `columns`; a row is a token, or an output channel of weights, so that dot products run along
/// rows.
struct Tensor {
    std::size_t rows = 0, columns = 0;
    std::vector<float> values;

    Tensor() = default;
    Tensor(std::size_t r, std::size_t c) : rows(r), columns(c), values(r * c) {}

    std::span<float> row(std::size_t i) { return {values.data() + i * columns, columns}; }
    std::span<const float> row(std::size_t i) const { return {values.data() + i * columns, columns}; }
    float& at(std::size_t i, std::size_t j) { return values[i * columns + j]; }
    float at(std::size_t i, std::size_t j) const { return values[i * columns + j]; }
};

}  // namespace isobath::numerics
