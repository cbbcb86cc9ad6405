/// What measured kernels achieve: few constants per kernel family, each with its interval and its origin.
///
/// A Calibration belongs to one GPU. A family may hold several implementations (library versions) of
/// the same kernel; one is the default. A family without any is timed at the roofline.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hw/data.h"
#include "hw/estimate.h"
#include "hw/measured_points.h"
#include "hw/scores.h"
#include "hw/units.h"

namespace isobath {

/// A fitted constant with its 80 % interval; low == high marks one that is known, not fitted.
template <class T>
struct Fitted {
    T value{}, low{}, high{};
    bool operator==(const Fitted&) const = default;
};

/// How a library keeps its pipeline full, where its tables tell (model/forms_gemm.h).
struct PipelineConstants {
    Fitted<double> shows;      ///< share of the shorter of computing and loading that is not hidden
    Fitted<double> sustained;  ///< speed of multiplications from 2048 rows on against that up to 256: power
    Fitted<Seconds> gather;    ///< adding up the parts of a product that is split along k; 0: never split
    Fitted<double> cached;     ///< as in OverlapConstants: for benchmarks that stay in L2; 0: not known
    int min_tile_n                                  = 16;  ///< the narrowest tile that the library picks
    int most_splits                                 = 1;   ///< along k, a power of two
    bool operator==(const PipelineConstants&) const = default;
};

/// Turning a BF16 operand into the product's format. A benchmark times it; a layer has a kernel of its own.
struct QuantiseConstants {
    Fitted<Seconds> launch;  ///< of its kernels together
    Fitted<double> passes;   ///< times that 3 B per element (BF16 in, 1 B out) cross HBM
    bool operator==(const QuantiseConstants&) const = default;
};

/// A matrix product cut into tiles that the SMs work off in waves (kernel_forms.h).
struct GemmConstants {
    Fitted<Seconds> launch;  ///< before the first tile starts and after the last ends
    Fitted<Seconds> tile;    ///< per tile, not per FLOP: pipeline fill and write-back
    Fitted<Seconds> step;    ///< per 128 of k: what a pipeline stage costs beyond its multiplications
    Fitted<double> compute;  ///< share of peak that the multiplications alone reach
    Fitted<double> memory;   ///< share of data-sheet bandwidth
    int max_tile_n                              = 128;  ///< the widest tile that the library picks
    std::optional<PipelineConstants> pipeline   = {};
    std::optional<QuantiseConstants> quantise   = {};  ///< what the benchmark timed beside the product
    bool operator==(const GemmConstants&) const = default;
};

/// How the SMs share decode attention.
enum class KvSchedule : std::uint8_t {
    balanced,  ///< every SM gets as many KV blocks, whosever they are (FlashMLA)
    even       ///< each request's cache is cut evenly over the SMs that the batch leaves it (trtllm-gen)
};

/// What cutting caches over the SMs costs beside the work itself (model/forms_mla.h).
struct SplitConstants {
    KvSchedule schedule = KvSchedule::balanced;
    Fitted<Seconds> combine;  ///< per doubling of the parts that one request is cut into
    Fitted<double> partials;  ///< share of bandwidth for unfinished outputs; above 1 where L2 holds them
    Fitted<double> queries;   ///< share of bandwidth for queries and outputs, and the small kernels on them
    Fitted<double> stream;    ///< even: what one SM draws alone, over its part of the data-sheet bandwidth
    bool operator==(const SplitConstants&) const = default;
};

/// What a prompt's attention costs beside its products (model/forms_mla.h).
struct PromptConstants {
    Fitted<double> pass;       ///< share of bandwidth of the pass over q, k, v and o before the products
    Fitted<double> imbalance;  ///< of the longest tile, how much the last SM works longer than the mean
    Fitted<double> slowdown;   ///< of the products from 512 tokens of context to 16384: a hot GPU clocks down
    bool operator==(const PromptConstants&) const = default;
};

/// A kernel that computes and loads at the same time.
struct OverlapConstants {
    Fitted<Seconds> launch;
    Fitted<double> compute;  ///< share of peak; 1 where the kernel only moves memory
    Fitted<double> memory;   ///< share of data-sheet bandwidth
    Fitted<double>
        cached;  ///< the same while the operands stay in L2 (above 1); 0: not known. A fit needs it
                 ///< to read warm benchmarks; a prediction starts with a cold L2 and never uses it.
    int query_tile                      = 1;  ///< rows of the matrix product are padded to a multiple of this
    std::optional<SplitConstants> split = {};  ///< decode attention whose tables tell how it is cut
    std::optional<PromptConstants> prompt          = {};  ///< prefill attention likewise
    bool operator==(const OverlapConstants&) const = default;
};

/// The routed experts of a layer as one group of kernels (model/forms_moe.h).
struct MoeConstants {
    /// Rows per active expert at which `compute` is fitted.
    static constexpr std::array<double, 3> kKnots{4, 32, 256};

    Fitted<Seconds> launch;
    Fitted<Seconds> per_expert;  ///< looking up an expert of this rank, chosen or not
    Fitted<Seconds> per_active;  ///< starting on one that has rows
    Fitted<double> memory;       ///< share of data-sheet bandwidth
    Fitted<double> token_bytes;  ///< moved per token and element of hidden: gate, quantise, finalise
    Fitted<double> row_bytes;    ///< moved per row and element of hidden and inter: permute, SwiGLU, finalise
    std::array<Fitted<double>, kKnots.size()> compute;  ///< share of peak at kKnots
    int tile                                   = 64;    ///< rows of a tile
    bool operator==(const MoeConstants&) const = default;
};

/// Relative errors |model / measured - 1| of a fit over the rows of its tables.
struct Residuals {
    int rows      = 0;
    double median = 0, p90 = 0, worst = 0;
    double factor = 1;  ///< eight rows of ten lie within measured * factor and measured / factor
    bool operator==(const Residuals&) const = default;
};

template <class Constants>
struct Implementation {
    std::string name;               ///< "deepgemm-2025-02-25"
    std::string measured_on;        ///< "H800 SXM5", in the source's words
    std::string source;             ///< which rows of which document
    Source basis = Source::fitted;  ///< assumed: constants taken over from another kernel
    Constants constants;
    Residuals residuals;
    std::optional<UnseenScores> unseen   = {};  ///< errors on rows that were not fitted, where any were kept
    std::optional<MeasuredPoints> points = {};  ///< the rows themselves, where a user keeps them
    bool operator==(const Implementation&) const = default;
};

template <class Constants>
struct KernelFamily {
    std::string preferred;
    std::vector<Implementation<Constants>> implementations;

    /// The implementation called `name` (empty: the preferred one); null if there is none.
    const Implementation<Constants>* find(std::string_view name = {}) const {
        for (const auto& each : implementations)
            if (each.name == (name.empty() ? std::string_view(preferred) : name)) return &each;
        return nullptr;
    }
    bool operator==(const KernelFamily&) const = default;
};

struct Calibration {
    std::string name = "none";
    std::string gpu;  ///< preset name of the GPU whose data sheet the shares refer to; empty: none
    KernelFamily<GemmConstants> gemm_fp8, gemm_fp8_tensor, gemm_fp4, gemm_bf16, grouped_gemm,
        batched_gemm_fp8, batched_gemm_bf16;
    KernelFamily<GemmConstants> grouped_contiguous;  ///< empty: grouped_gemm serves both layouts
    KernelFamily<MoeConstants> fused_moe_fp8, fused_moe_fp4;
    KernelFamily<OverlapConstants> batched_gemm, mla_decode, mla_decode_fp8, flash_prefill, flash_prefill_fp8,
        gqa_decode, indexer, streaming;
    bool operator==(const Calibration&) const = default;
};

/// Calls `visit(key, family)` for every family of a (const) Calibration, in the file's order.
template <class C, class Visit>
void each_family(C&& c, Visit visit) {
    visit("gemm_fp8", c.gemm_fp8);
    visit("gemm_fp8_tensor", c.gemm_fp8_tensor);
    visit("gemm_fp4", c.gemm_fp4);
    visit("gemm_bf16", c.gemm_bf16);
    visit("grouped_gemm", c.grouped_gemm);
    visit("batched_gemm_fp8", c.batched_gemm_fp8);
    visit("batched_gemm_bf16", c.batched_gemm_bf16);
    visit("grouped_contiguous", c.grouped_contiguous);
    visit("fused_moe_fp8", c.fused_moe_fp8);
    visit("fused_moe_fp4", c.fused_moe_fp4);
    visit("batched_gemm", c.batched_gemm);
    visit("mla_decode", c.mla_decode);
    visit("mla_decode_fp8", c.mla_decode_fp8);
    visit("flash_prefill", c.flash_prefill);
    visit("flash_prefill_fp8", c.flash_prefill_fp8);
    visit("gqa_decode", c.gqa_decode);
    visit("indexer", c.indexer);
    visit("streaming", c.streaming);
}

/// Reads a calibration file ("schema": 1). Throws SpecError on a missing, malformed or unknown key.
Calibration read_calibration(const nlohmann::json& json, const std::string& name, const std::string& file);

/// "none" and the calibrations that are compiled in.
std::vector<std::string> calibration_names();

/// The calibration `name` (hw/calibrations/NAME/NAME.json); "none" is empty: roofline only.
Calibration load_calibration(const DataFiles& data, const std::string& name);

/// The text of a calibration file; read_calibration gives it back to nine digits.
std::string to_json(const Calibration& calibration);

}  // namespace isobath
