#include "model/forms_mla.h"

#include <algorithm>
#include <cmath>

namespace isobath {
namespace {

constexpr double kBlock        = 64;    ///< FlashMLA: tokens of a KV block, rows of a query block
constexpr double kFixedBlocks  = 5;     ///< FlashMLA: what a request counts beyond its blocks
constexpr double kNarrowRows   = 16;    ///< trtllm-gen: rows of its low-latency tiles
constexpr double kNarrowTokens = 1024;  ///< trtllm-gen: most tokens per SM with those
constexpr double kPartTokens   = 128;   ///< trtllm-gen: least tokens of a part
constexpr double kPromptTile   = 128;   ///< queries of a prompt's tile
constexpr double kWordOfSum    = 4;     ///< unfinished outputs are FP32

double rows_of(const MlaDecode& a) {
    return double(a.s_q) * a.heads;
}

/// Neither hides the other quite, and together they take hardly longer than the longer one.
Seconds norm4(Seconds a, Seconds b) {
    const double x = a.base() * a.base(), y = b.base() * b.base();
    return Seconds{std::sqrt(std::sqrt(x * x + y * y))};
}

/// Up to 32 rows are one narrow tile.
double narrow_rows(const MlaDecode& a) {
    return rows_of(a) > kNarrowRows && rows_of(a) <= 2 * kNarrowRows ? 2 * kNarrowRows : kNarrowRows;
}

/// Every request in tiles of `rows` rows, each over an even part of the `sms` SMs.
KvPlan even_tiles(const MlaDecode& a, int sms, double rows, bool narrow) {
    const double tiles  = a.batch * std::ceil(rows_of(a) / rows);
    const double most   = std::max(1.0, std::ceil(a.context / kPartTokens));
    const double parts  = std::min(most, std::max(1.0, std::floor(sms / std::max(1.0, tiles))));
    const double tokens = std::ceil(a.context / parts), waves = tiles * parts / sms;
    return {tokens * (narrow ? std::ceil(waves) : std::max(1.0, waves)), int(rows), parts,
            parts > 1 ? a.batch * parts : 0, narrow};
}

/// FLOP of one SM per token of cache: scores over latent and rope key, values over the latent.
Flops flop_per_token(const MlaDecode& a, int rows) {
    return 2.0 * rows * (2.0 * a.kv_lora_rank + a.qk_rope_head_dim) * unit::FLOP;
}

Bytes bytes_per_token(const MlaDecode& a) {
    return latent_bytes_per_token(a.kv_lora_rank, a.qk_rope_head_dim, a.cache) * unit::B;
}

/// Bytes beside the cache, each over its share of the bandwidth: queries and outputs, unfinished outputs.
Bytes side_bytes(const SplitConstants& split, const MlaDecode& a, const KvPlan& plan) {
    const double row     = 2.0 * (2.0 * a.kv_lora_rank + a.qk_rope_head_dim);
    const double partial = 2 * kWordOfSum * a.kv_lora_rank;  // written, then read
    return rows_of(a) * (a.batch * row / split.queries.value + plan.cut * partial / split.partials.value) *
           unit::B;
}

Seconds busiest_sm(const OverlapConstants& c, const Machine& machine, const MlaDecode& a,
                   const KvPlan& plan) {
    const Seconds compute =
        plan.tokens * flop_per_token(a, plan.rows) / (machine.flops_per_sm * c.compute.value);
    if (!plan.narrow) return compute;
    const BytesPerSecond draw = machine.bandwidth * (c.split->stream.value / machine.sm_count);
    return std::max(compute, bytes_per_token(a) * plan.tokens / draw);
}

/// From HBM at the share `cold`, or from L2.
BytesPerSecond drawn(const OverlapConstants& c, double cold, const Machine& machine, Bytes bytes, int sms,
                     Caches caches) {
    const bool warm = caches == Caches::warm && c.cached.value > 0 && bytes < kWarmShare * machine.l2;
    return bandwidth_of(machine, sms) * (warm ? c.cached.value : cold);
}

/// q, k, v and o as the projections know them: BF16, whatever the products are computed in.
Bytes operand_bytes(const FlashPrefill& a) {
    FlashPrefill plain = a;
    plain.format       = Format::bf16;
    return work_of(plain).bytes;
}

/// 1 up to 512 tokens of context, `slowdown` from 16384 on, a power law between.
double slowdown(const PromptConstants& p, double context) {
    if (p.slowdown.value == 1 || context <= 512) return 1;
    return std::pow(p.slowdown.value, std::min(1.0, std::log2(context / 512) / 5));
}

}  // namespace

KvPlan balanced_plan(const MlaDecode& a, int sms) {
    const double row_blocks = std::max(1.0, std::ceil(rows_of(a) / kBlock));
    const double each       = std::max(1.0, std::floor(sms / row_blocks));
    const double blocks = std::max(1.0, std::ceil(a.context / kBlock)), cost = blocks + kFixedBlocks;
    const double payload  = std::ceil(a.batch * cost / each) + kFixedBlocks;
    const double requests = std::floor(payload / cost);
    if (requests < 1) {  // every request is cut
        const double mine = payload - kFixedBlocks, parts = std::ceil(blocks / mine);
        return {mine * kBlock, int(kBlock), parts, std::min(a.batch * parts, each + a.batch)};
    }
    const double rest = std::max(0.0, payload - requests * cost - kFixedBlocks);
    return {(requests * blocks + rest) * kBlock, int(kBlock), rest > 0 ? 2.0 : 1.0,
            rest > 0 ? std::min(2 * a.batch, each + a.batch) : 0};
}

KvPlan even_plan(const MlaDecode& a, int sms) {
    const double rows   = narrow_rows(a);
    const KvPlan narrow = even_tiles(a, sms, rows, true);
    const bool at_once  = a.batch * std::ceil(rows_of(a) / rows) <= sms;
    if (rows_of(a) <= 2 * kNarrowRows || (at_once && narrow.tokens <= kNarrowTokens)) return narrow;
    return even_tiles(a, sms, kBlock, false);
}

FormTime mla_decode_time(const OverlapConstants& c, const Machine& machine, const MlaDecode& a, int sms,
                         Caches caches) {
    if (!c.split)
        return overlap_time(c, machine, padded_flop(a, c.query_tile), work_of(a).bytes, sms, Hiding::whole);
    const bool even       = c.split->schedule == KvSchedule::even;
    const KvPlan plan     = even ? even_plan(a, sms) : balanced_plan(a, sms);
    const Bytes cache     = a.batch * a.context * bytes_per_token(a);
    const Seconds side    = side_bytes(*c.split, a, plan) / bandwidth_of(machine, sms);
    const Seconds compute = busiest_sm(c, machine, a, plan);
    const Seconds memory  = cache / drawn(c, c.memory.value, machine, cache, sms, caches);
    const Seconds joining = plan.parts > 1 ? std::log2(plan.parts) * c.split->combine.value : Seconds{};
    const Seconds launch  = c.launch.value + joining;
    return {launch + side + norm4(compute, memory), launch, compute, memory + side};
}

FormTime flash_prefill_time(const OverlapConstants& c, const Machine& machine, const FlashPrefill& a, int sms,
                            Caches caches) {
    const Flops flop = padded_flop(a, c.query_tile);
    if (!c.prompt) return overlap_time(c, machine, flop, work_of(a).bytes, sms, Hiding::whole);
    const Bytes bytes        = operand_bytes(a);
    const FlopsPerSecond one = machine.flops_per_sm * (c.compute.value / slowdown(*c.prompt, a.kv_len));
    const double dims        = a.qk_head_dim + a.v_head_dim;
    const Seconds longest    = 2 * kPromptTile * a.kv_len * dims * unit::FLOP / one;
    const Seconds mean       = flop / (one * double(sms));
    const Seconds compute    = std::max(longest, mean + c.prompt->imbalance.value * longest);
    const Seconds memory     = bytes / drawn(c, c.prompt->pass.value, machine, bytes, sms, caches);
    return {c.launch.value + compute + memory, c.launch.value, compute, memory};
}

}  // namespace isobath
