#include "model/op.h"

#include <algorithm>

namespace isobath {

using unit::B;
using unit::FLOP;

Work work_of(const Gemm& g) {
    const double n = g.n, k = g.k;
    return {2 * g.m * n * k * FLOP,
            (g.m * k * activation_bytes(g.format) + n * k * weight_bytes(g.format) + 2 * g.m * n) * B,
            math_of(g.format)};
}

Work work_of(const BatchedGemm& g) {
    const Work one = work_of(Gemm{g.m, g.n, g.k, g.format});
    return {double(g.batch) * one.flop, double(g.batch) * one.bytes, one.math};
}

Work work_of(const GroupedGemm& g) {
    const double n = g.n, k = g.k;
    return {2 * g.rows * n * k * FLOP,
            (g.rows * k * activation_bytes(g.format) + g.experts * n * k * weight_bytes(g.format) +
             2 * g.rows * n) *
                B,
            math_of(g.format)};
}

Work work_of(const FusedMoe& e) {
    // Gate and up are one product of twice the width, down one of the width. Rows are copies made inside, so
    // only tokens that have an expert here are read, and every token's sum is written, both in BF16.
    const double weights = 3.0 * e.hidden * e.inter;
    const double ends    = std::min(e.tokens, e.rows) + e.tokens;
    return {2 * e.rows * weights * FLOP,
            (e.active * weights * weight_bytes(e.format) + 2 * ends * e.hidden) * B, math_of(e.format)};
}

double latent_bytes_per_token(int kv_lora_rank, int qk_rope_head_dim, KvLayout cache) {
    switch (cache) {
        case KvLayout::bf16: return 2.0 * (kv_lora_rank + qk_rope_head_dim);
        case KvLayout::fp8: return kv_lora_rank + qk_rope_head_dim;
        case KvLayout::fp8_flashmla:
            return kv_lora_rank + 4.0 * (kv_lora_rank / 128.0) + 2.0 * qk_rope_head_dim;
    }
    return 0;
}

Work work_of(const MlaDecode& a) {
    // Scores take latent and rope (576), values the latent alone (512); the cached row is read once for all
    // heads. A cache of plain FP8 may be multiplied as it is; FlashMLA's has scales along a row and may not.
    const double queries = a.batch * a.s_q, latent = a.kv_lora_rank, key = latent + a.qk_rope_head_dim;
    return {2 * queries * a.context * a.heads * (key + latent) * FLOP,
            (a.batch * a.context * latent_bytes_per_token(a.kv_lora_rank, a.qk_rope_head_dim, a.cache) +
             2 * queries * a.heads * (key + latent)) *
                B,
            a.cache == KvLayout::fp8 ? Math::fp8 : Math::bf16};
}

Work work_of(const FlashPrefill& a) {
    // Query i of q_len sees the kv_len - q_len earlier tokens and i + 1 of the new ones.
    const double pairs = a.sequences * (a.q_len * (a.kv_len - a.q_len) + a.q_len * (a.q_len + 1) / 2);
    const double dims  = a.qk_head_dim + a.v_head_dim;
    return {2 * pairs * a.heads * dims * FLOP,
            a.sequences * (a.q_len * a.heads + a.kv_len * a.kv_heads) * dims * activation_bytes(a.format) * B,
            math_of(a.format)};
}

Work work_of(const GqaDecode& a) {
    const double queries = a.batch * a.s_q, dims = a.qk_head_dim + a.v_head_dim;
    return {
        2 * queries * a.context * a.heads * dims * FLOP,
        (a.batch * a.context * a.kv_heads * dims * activation_bytes(a.cache) + 2 * queries * a.heads * dims) *
            B,
        Math::bf16};
}

Work work_of(const IndexerScore& a) {
    return {2 * a.queries * a.context * a.heads * a.head_dim * FLOP,
            (a.batch * a.context * (a.head_dim + 4.0) + a.queries * a.heads * a.head_dim) * B, Math::fp8};
}

Work work_of(const Streaming& s) {
    return {Flops{}, s.bytes, Math::bf16};
}

Work work_of(const Op& op) {
    return std::visit([](const auto& kernel) { return work_of(kernel); }, op);
}

}  // namespace isobath
