#include "profiler/work.h"

#include <algorithm>

namespace isobath {
namespace {

constexpr double kLatent = 512, kRope = 64, kQk = 192, kV = 128, kBf16 = 2;

/// Bytes of one element, scales included: 1x128 blocks carry an FP32, MXFP8 an E8M0 per 32, NVFP4 an E4M3
/// per 16.
double element_bytes(const std::string& format) {
    if (format == "bf16") return 2;
    if (format == "fp8_block") return 1 + 4. / 128;
    if (format == "mxfp8") return 1 + 1. / 32;
    if (format == "nvfp4") return 0.5 + 1. / 16;
    return 1;
}

/// Bytes of a cached token in one layer. FlashMLA keeps 512 E4M3, four FP32 scales and the rope key in BF16.
double cached_token(const std::string& format) {
    if (format == "bf16") return 2 * (kLatent + kRope);
    return format == "fp8" ? kLatent + kRope : kLatent + 4 * 4 + 2 * kRope;
}

struct Parts {
    double flop = 0, moved = 0, held_beside = 0;  ///< held beside: allocated but not moved
};

Parts product(const std::string& format, double count, double m, double n, double k) {
    const double each = element_bytes(format);
    return {2 * count * m * n * k, count * ((m + n) * k * each + m * n * kBf16)};
}

Parts mla_decode(const KernelPoint& p) {
    const double queries = double(p["batch"]) * double(p["s_q"]) * double(p["heads"]);
    const double tokens  = double(p["batch"]) * double(p["context"]);
    return {2 * queries * double(p["context"]) * (2 * kLatent + kRope),
            tokens * cached_token(p.format) + queries * (2 * kLatent + kRope) * kBf16};
}

Parts mla_prefill(const KernelPoint& p) {
    const double q = double(p["q_len"]), kv = double(p["kv_len"]);
    const double rows = double(p["sequences"]) * double(p["heads"]);
    // The last query sees all kv tokens, the one before it one fewer.
    const double pairs = q * std::max(kv - q, 0.) + q * (q + 1) / 2;
    return {2 * rows * pairs * (kQk + kV),
            rows * (q * kQk + kv * (kQk + kV)) * element_bytes(p.format) + rows * q * kV * kBf16};
}

/// Tokens in, `top_k` rows out for each, or back.
Parts moved_rows(const KernelPoint& p) {
    const double row = double(p["columns"]) * element_bytes(p.format);
    return {0, double(p["rows"]) * row * (1 + double(p["top_k"]))};
}

Parts rowwise(const KernelPoint& p) {
    const double cells = double(p["rows"]) * double(p["columns"]);
    switch (p.kind) {
        case KernelKind::quantise: return {0, cells * (kBf16 + element_bytes(p.format))};
        case KernelKind::swiglu: return {0, cells * (2 * kBf16 + element_bytes(p.format))};
        default: return {0, 2 * cells * kBf16};
    }
}

Parts collective(const KernelPoint& p) {
    const double bytes = double(p["bytes"]);
    return {0, p.kind == KernelKind::all_gather ? bytes * double(p["gpus"]) : 0, 2 * bytes};
}

Parts parts_of(const KernelPoint& p) {
    const auto at = [&](const char* axis) { return double(p[axis]); };
    switch (p.kind) {
        case KernelKind::copy: return {0, 2 * at("bytes")};
        case KernelKind::read: return {0, at("bytes")};
        case KernelKind::l2_read: return {0, 0, at("bytes")};
        case KernelKind::launch:
        case KernelKind::graph_launch: return {};
        case KernelKind::gemm: return product(p.format, 1, at("m"), at("n"), at("k"));
        case KernelKind::batched_gemm: return product(p.format, at("batch"), at("m"), at("n"), at("k"));
        case KernelKind::grouped_gemm:
            return product(p.format, at("experts"), at("rows_per_expert"), at("n"), at("k"));
        case KernelKind::quantise:
        case KernelKind::rms_norm:
        case KernelKind::swiglu: return rowwise(p);
        case KernelKind::rope: return {0, 2 * at("rows") * at("heads") * kRope * kBf16};
        case KernelKind::gate: return {0, at("rows") * (at("experts") * 4 + at("top_k") * 8)};
        case KernelKind::permute:
        case KernelKind::unpermute: return moved_rows(p);
        case KernelKind::mla_decode: return mla_decode(p);
        case KernelKind::mla_prefill: return mla_prefill(p);
        case KernelKind::all_reduce:
        case KernelKind::all_gather:
        case KernelKind::all_to_all: return collective(p);
    }
    return {};
}

}  // namespace

KernelWork work_of(const KernelPoint& point) {
    const Parts parts = parts_of(point);
    return {parts.flop * unit::FLOP, (parts.moved + parts.held_beside) * unit::B, parts.moved * unit::B};
}

std::string impossible(const KernelPoint& point, Seconds time, BytesPerSecond memory_peak) {
    if (time <= Seconds{}) return "took no time at all";
    const BytesPerSecond moved = work_of(point).traffic / time;
    // What lies in L2 was flushed before the sample, so it all crosses the memory's pins.
    if (memory_peak <= BytesPerSecond{} || moved <= 1.1 * memory_peak) return {};
    return "moves " + to_string(moved) + ", the memory's peak is " + to_string(memory_peak);
}

}  // namespace isobath
