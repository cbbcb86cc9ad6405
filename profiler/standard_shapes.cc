#include "profiler/standard_shapes.h"

#include <algorithm>
#include <array>

#include "profiler/work.h"

namespace isobath {
namespace {

using Axes   = std::array<std::int64_t, kMostAxes>;
using Counts = std::vector<std::int64_t>;
using Points = std::vector<Wanted>;

constexpr std::int64_t kMiB = std::int64_t{1} << 20;

void add(Points& out, KernelKind kind, const std::string& format, const Axes& axes, int held = 0) {
    out.push_back({{kind, format, axes}, held});
}

Counts doublings(std::int64_t from, std::int64_t to) {
    Counts out;
    for (std::int64_t i = from; i <= to; i *= 2) out.push_back(i);
    return out;
}

/// Powers of two first; then what lies halfway.
Counts rows_of_gemm() {
    Counts out = doublings(1, 16384);
    for (std::int64_t i = 2; i <= 8192; i *= 2) out.push_back(i + i / 2);
    return out;
}

struct Matrix {
    std::int64_t n, k;
};

/// DeepSeek-V3's matrices, by the fields of its config.json: hidden_size 7168, q_lora_rank 1536, kv_lora_rank
/// 512, 128 heads of 128 + 64 and 128, moe_intermediate_size 2048, intermediate_size 18432, vocab_size
/// 129280.
constexpr std::array<Matrix, 10> kMatrices{{
    {4096, 7168},    // gate and up of an expert, routed or shared
    {7168, 2048},    // its down
    {2112, 7168},    // q_a and kv_a in one: 1536 + 512 + 64
    {24576, 1536},   // q_b: 128 heads of 192
    {32768, 512},    // kv_b: 128 heads of 256
    {7168, 16384},   // o: 128 heads of 128
    {36864, 7168},   // gate and up of the first dense layers
    {7168, 18432},   // their down
    {129280, 7168},  // head
    {7168, 14336},   // eh_proj of the MTP module
}};

std::vector<std::string> product_formats(bool blackwell) {
    std::vector<std::string> out{"bf16", "fp8_tensor", "fp8_block"};
    if (blackwell) out.insert(out.end(), {"mxfp8", "nvfp4"});
    return out;
}

Points ceilings(bool blackwell) {
    Points out;
    for (const auto kind : {KernelKind::copy, KernelKind::read})
        for (const std::int64_t mib : {1024, 4096, 256, 64, 16, 4, 1}) add(out, kind, "bf16", {mib * kMiB});
    for (const std::int64_t mib : {16, 8, 24, 32, 4, 2}) add(out, KernelKind::l2_read, "bf16", {mib * kMiB});
    for (const auto kind : {KernelKind::launch, KernelKind::graph_launch})
        for (const std::int64_t kernels : {1, 100, 10, 1000}) add(out, kind, "bf16", {kernels});
    for (const std::string& format : product_formats(blackwell))
        for (const std::int64_t size : {8192, 4096}) add(out, KernelKind::gemm, format, {size, size, size});
    return out;
}

/// MLA's absorbed projections, one product per head: queries into the latent (n = 512, k = 128) and values
/// out of it (n = 128, k = 512).
void add_absorbed(Points& out) {
    for (const char* format : {"bf16", "fp8_tensor"})
        for (const std::int64_t heads : {128, 16})
            for (const std::int64_t rows : doublings(1, 1024)) {
                add(out, KernelKind::batched_gemm, format, {heads, rows, 512, 128});
                add(out, KernelKind::batched_gemm, format, {heads, rows, 128, 512});
            }
}

Points gemm(bool blackwell) {
    Points out;
    for (const std::int64_t m : rows_of_gemm())
        for (const Matrix& matrix : kMatrices)
            for (const std::string& format : product_formats(blackwell))
                add(out, KernelKind::gemm, format, {m, matrix.n, matrix.k});
    add_absorbed(out);
    return out;
}

void add_grouped(Points& out) {
    const std::array<Matrix, 2> halves{kMatrices[0], kMatrices[1]};
    for (const std::int64_t experts : {2, 8, 32, 4, 16})
        for (const std::int64_t rows : {1, 16, 128, 1024, 4, 64, 256})
            for (const std::int64_t spread : {0, 50})
                for (const Matrix& half : halves)
                    for (const char* format : {"fp8_block", "bf16"})
                        add(out, KernelKind::grouped_gemm, format,
                            {experts, rows, spread, half.n, half.k, rows >= 128 ? 1 : 0});
}

void add_rowwise(Points& out, std::int64_t rows) {
    for (const std::int64_t columns : {7168, 2048, 16384, 1536})
        add(out, KernelKind::quantise, "fp8_block", {rows, columns});
    for (const std::int64_t columns : {7168, 1536, 512})
        add(out, KernelKind::rms_norm, "bf16", {rows, columns});
    for (const std::int64_t columns : {2048, 18432})
        for (const char* format : {"fp8_block", "bf16"})
            add(out, KernelKind::swiglu, format, {rows, columns});
    for (const std::int64_t heads : {128, 1}) add(out, KernelKind::rope, "bf16", {rows, heads});
    add(out, KernelKind::gate, "bf16", {rows, 256, 8, 4, 8});
    for (const char* format : {"fp8_block", "bf16"})
        add(out, KernelKind::permute, format, {rows, 7168, 256, 8});
    add(out, KernelKind::unpermute, "bf16", {rows, 7168, 256, 8});
}

Points expert() {
    Points out;
    add_grouped(out);
    for (const std::int64_t rows : {128, 1, 4096, 16, 1024, 16384, 2, 4, 8, 32, 64, 256, 512, 2048, 8192})
        add_rowwise(out, rows);
    return out;
}

constexpr std::array kCaches{"bf16", "fp8", "fp8_flashmla"};

void add_decode(Points& out, const Counts& batches, const Counts& queries, const Counts& contexts,
                const Counts& heads) {
    for (const char* cache : kCaches)
        for (const std::int64_t h : heads)
            for (const std::int64_t s_q : queries)
                for (const std::int64_t batch : batches)
                    for (const std::int64_t context : contexts)
                        add(out, KernelKind::mla_decode, cache, {batch, s_q, context, h});
}

void add_prefill(Points& out) {
    for (const char* format : {"bf16", "fp8_tensor"})
        for (const std::int64_t heads : {128, 16})
            for (const std::int64_t length : {4096, 1024, 16384, 512, 2048, 8192, 32768})
                for (const std::int64_t sequences : {1, 4})
                    add(out, KernelKind::mla_prefill, format, {sequences, length, length, heads});
    for (const std::int64_t past : {2048, 6144, 14336, 30720})  // a chunk of 2048 behind what is cached
        add(out, KernelKind::mla_prefill, "bf16", {1, 2048, past + 2048, 128});
}

Points mla() {
    Points out;
    add_decode(out, {1, 32, 128}, {1}, {4096, 512, 32768}, {128});
    add_decode(out, {1, 4, 16, 32, 64, 128, 256}, {1}, {512, 2048, 4096, 8192, 16384, 32768, 131072}, {128});
    add_decode(out, {1, 32, 128}, {2, 4, 3}, {4096, 32768}, {128});
    add_decode(out, {1, 32, 128}, {1, 2}, {512, 4096, 32768}, {16, 32, 64});
    add_prefill(out);
    return out;
}

/// What remains of kernels while a copying kernel holds SMs: 20 is what DeepEP's normal kernels take, 8 and
/// 32 lie about it.
Points partition() {
    Points out;
    for (const int held : {0, 20, 8, 32}) {
        for (const std::int64_t m : {4096, 128, 1024, 64})
            for (const Matrix& matrix : {kMatrices[0], kMatrices[1], kMatrices[5]})
                for (const char* format : {"bf16", "fp8_block"})
                    add(out, KernelKind::gemm, format, {m, matrix.n, matrix.k}, held);
        for (const std::int64_t batch : {128, 32})
            add(out, KernelKind::mla_decode, "bf16", {batch, 1, 4096, 128}, held);
        add(out, KernelKind::mla_prefill, "bf16", {1, 4096, 4096, 128}, held);
        add(out, KernelKind::copy, "bf16", {256 * kMiB}, held);
    }
    return out;
}

Points comm() {
    Points out;
    for (const std::int64_t gpus : {1, 2, 4, 8})
        for (const auto kind : {KernelKind::all_reduce, KernelKind::all_gather, KernelKind::all_to_all})
            for (std::int64_t bytes = 1024; bytes <= 1024 * kMiB; bytes *= 8)
                add(out, kind, "bf16", {gpus, bytes});
    return out;
}

/// Keeps the points that fit, each once.
Points that_fit(const Points& points, Bytes memory) {
    Points out;
    for (const Wanted& each : points)
        if (work_of(each.point).operands <= 0.7 * memory &&
            std::find(out.begin(), out.end(), each) == out.end())
            out.push_back(each);
    return out;
}

}  // namespace

std::vector<Suite> standard_shapes(const ShapeLimits& limits) {
    std::vector<Suite> out{
        {"ceilings", "bandwidth of memory and L2, peak products, launches", ceilings(limits.blackwell)},
        {"gemm", "every matrix of DeepSeek-V3 and MLA's absorbed projections", gemm(limits.blackwell)},
        {"expert", "grouped expert products and what surrounds them", expert()},
        {"mla", "latent attention, decode and prefill", mla()},
        {"partition", "the same while a copying kernel holds SMs", partition()},
        {"comm", "collectives", comm()},
    };
    for (Suite& suite : out) suite.points = that_fit(suite.points, limits.memory);
    return out;
}

std::vector<std::string> suite_names() {
    std::vector<std::string> out;
    for (const Suite& suite : standard_shapes({})) out.push_back(suite.name);
    return out;
}

}  // namespace isobath
