/// Fragments of matrices as the PTX ISA describes them, element by element.
///
/// "Matrix Fragments for mma.m16n8k16 with floating point type" and "... mma.m16n8k32": groupID = lane / 4,
/// threadID_in_group = lane % 4; "Warp-level matrix load instruction: ldmatrix".
#pragma once

#include "profiler/kernels/number.h"
#include "tests/profiler/simt/block.h"

namespace isobath::simt {

struct MatrixLoad {
    std::uint32_t* registers;
    Shared row;
};

/// Thread l holds row l / 4, elements 2 * (l % 4) and the next, of each matrix (or of its transpose).
inline void load_matrices(const std::array<void*, 32>& lanes, bool transposed) {
    Block& block = *Block::current;
    std::uint16_t m[4][8][8];
    for (int l = 0; l < 32; ++l) {
        const Shared row = static_cast<MatrixLoad*>(lanes[l])->row;
        block.memory.read(block.warp(), row, m[l / 8][l % 8], 16);
    }
    for (int l = 0; l < 32; ++l)
        for (int i = 0; i < 4; ++i) {
            const int r = l / 4, c = 2 * (l % 4);
            const std::uint32_t low                          = transposed ? m[i][c][r] : m[i][r][c];
            const std::uint32_t high                         = transposed ? m[i][c + 1][r] : m[i][r][c + 1];
            static_cast<MatrixLoad*>(lanes[l])->registers[i] = low | high << 16;
        }
}

inline void load_matrix(std::uint32_t (&r)[4], Shared row) {
    MatrixLoad a{r, row};
    Block::current->meet("ldmatrix", &a, [](const auto& lanes) { load_matrices(lanes, false); });
}
inline void load_matrix_transposed(std::uint32_t (&r)[4], Shared row) {
    MatrixLoad a{r, row};
    Block::current->meet("ldmatrix.trans", &a, [](const auto& lanes) { load_matrices(lanes, true); });
}

struct Product {
    float* d;
    const std::uint32_t* a;
    std::uint32_t b[2];
};

/// Element `i` of a lane's registers, `per` elements to a register.
inline float element(const std::uint32_t* registers, int i, int per) {
    const std::uint32_t word = registers[i / per] >> (32 / per * (i % per));
    return per == 2 ? kernels::to_float(kernels::Bf16{std::uint16_t(word)})
                    : kernels::to_float(kernels::E4m3{std::uint8_t(word)});
}

/// d (16 x 8) += a (16 x kK) * b (kK x 8). kPer elements to a register: 2 of BF16, 4 of E4M3.
template <int kK, int kPer>
void multiply(const std::array<void*, 32>& lanes) {
    float a[16][kK], b[8][kK];
    for (int l = 0; l < 32; ++l) {
        const auto& p   = *static_cast<Product*>(lanes[l]);
        const int group = l / 4, in_group = l % 4;
        for (int i = 0; i < 4 * kPer; ++i) {  // a0, a1, ...: rows alternate per register, columns by halves
            const int row    = (i / kPer) % 2 == 0 ? group : group + 8;
            const int column = in_group * kPer + i % kPer + (i < 2 * kPer ? 0 : kK / 2);
            a[row][column]   = element(p.a, i, kPer);
        }
        for (int i = 0; i < 2 * kPer; ++i)
            b[group][in_group * kPer + i % kPer + (i < kPer ? 0 : kK / 2)] = element(p.b, i, kPer);
    }
    for (int l = 0; l < 32; ++l)
        for (int i = 0; i < 4; ++i) {
            const int row = i < 2 ? l / 4 : l / 4 + 8, column = l % 4 * 2 + i % 2;
            float sum = 0;
            for (int k = 0; k < kK; ++k) sum += a[row][k] * b[column][k];
            static_cast<Product*>(lanes[l])->d[i] += sum;
        }
}

inline void multiply_bf16(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
    Product p{d, a, {b0, b1}};
    Block::current->meet("mma bf16", &p, multiply<16, 2>);
}
inline void multiply_e4m3(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
    Product p{d, a, {b0, b1}};
    Block::current->meet("mma e4m3", &p, multiply<32, 4>);
}

}  // namespace isobath::simt
