/// A made-up latent cache, and attention over it in double precision.
#pragma once

#include <cmath>
#include <cstring>

#include "profiler/kernels/mla_decode.h"
#include "tests/profiler/kernels/made_up.h"

namespace isobath::kernels {

/// Pages in a shuffled order; what no context covers is NaN.
struct MadeUpCache {
    MlaDecodeShape shape;
    std::vector<int> contexts;
    Buffer<Bf16> q;
    Buffer<unsigned char> cache;
    Buffer<int> block_table;

    std::size_t token_bytes() const { return shape.fp8 ? kFp8TokenBytes : kBf16TokenBytes; }

    const unsigned char* token(int request, int t) const {
        const int page = block_table[std::size_t(request * shape.table_width + t / kPageTokens)];
        return cache.data() +
               (std::size_t(page) * kPageTokens + std::size_t(t % kPageTokens)) * token_bytes();
    }

    /// Element of the key that the kernel sees: FP8 is rounded to BF16 after its scale.
    double key(int request, int t, int element) const {
        const unsigned char* const at = token(request, t);
        Bf16 x{};
        if (!shape.fp8 || element >= kLatent) {
            const int offset = shape.fp8 ? kLatent + 16 + 2 * (element - kLatent) : 2 * element;
            std::memcpy(&x, at + offset, 2);
            return to_float(x);
        }
        float scale = 0;
        std::memcpy(&scale, at + kLatent + element / 128 * 4, 4);
        return to_float(to_bf16(to_float(E4m3{at[element]}) * scale));
    }

    double query(int request, int row, int element) const {
        return to_float(q[std::size_t((request * shape.rows() + row) * kMlaKey + element)]);
    }
};

inline void fill_token(unsigned char* at, bool fp8, std::mt19937& engine) {
    if (!fp8) {
        for (int i = 0; i < kMlaKey; ++i) {
            const Bf16 x = to_bf16(even(engine));
            std::memcpy(at + 2 * i, &x, 2);
        }
        return;
    }
    for (int i = 0; i < kLatent; ++i) at[i] = to_e4m3(448 * even(engine)).bits;
    for (int g = 0; g < 4; ++g) {
        const float scale = (1 + 0.2F * float(g)) / 448;
        std::memcpy(at + kLatent + 4 * g, &scale, 4);
    }
    for (int i = 0; i < 64; ++i) {
        const Bf16 x = to_bf16(even(engine));
        std::memcpy(at + kLatent + 16 + 2 * i, &x, 2);
    }
}

/// A scale of 0.2: scores of +-1 elements have a deviation of 0.2 * sqrt(576) / 3 = 1.6, so that softmax
/// chooses.
inline MadeUpCache make_up(const std::vector<int>& contexts, int queries, int heads, bool fp8) {
    const int batch = int(contexts.size());
    int width       = 1;
    for (const int c : contexts) width = std::max(width, pages_of(c));
    const MlaDecodeShape shape{batch, queries, heads, fp8, width, 0.2F};
    const auto pages = std::size_t(batch * width);
    MadeUpCache made{shape, contexts, random_bf16(std::size_t(batch * shape.rows() * kMlaKey), 7),
                     Buffer<unsigned char>(pages * kPageTokens * (fp8 ? kFp8TokenBytes : kBf16TokenBytes)),
                     Buffer<int>(pages)};
    std::mt19937 engine(8);
    for (std::size_t p = 0; p < pages; ++p) made.block_table[p] = int(p);
    for (std::size_t p = pages - 1; p > 0; --p)
        std::swap(made.block_table[p], made.block_table[engine() % (p + 1)]);
    for (int r = 0; r < batch; ++r)
        for (int t = 0; t < contexts[std::size_t(r)]; ++t)
            fill_token(const_cast<unsigned char*>(made.token(r, t)), fp8, engine);
    return made;
}

/// One row of the answer; zeros where the row sees no token.
inline std::vector<double> attend(const MadeUpCache& c, int request, int row) {
    const int seen = c.contexts[std::size_t(request)] - (c.shape.queries - 1 - row / c.shape.heads);
    std::vector<double> out(kLatent, 0), score;
    double largest = -1e300, total = 0;
    for (int t = 0; t < seen; ++t) {
        double s = 0;
        for (int e = 0; e < kMlaKey; ++e) s += c.query(request, row, e) * c.key(request, t, e);
        score.push_back(s * double(c.shape.scale));
        largest = std::max(largest, score.back());
    }
    for (double& s : score) total += s = std::exp(s - largest);
    for (int t = 0; t < seen; ++t)
        for (int e = 0; e < kLatent; ++e)
            out[std::size_t(e)] += score[std::size_t(t)] / total * c.key(request, t, e);
    return out;
}

}  // namespace isobath::kernels
