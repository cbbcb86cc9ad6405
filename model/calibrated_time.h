/// Kernel time from fitted forms, with the roofline behind them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hw/calibration.h"
#include "hw/gpu.h"
#include "model/kernel_forms.h"
#include "model/kernel_time.h"
#include "model/measured_grid.h"

namespace isobath {

/// Which implementation serves a family: "gemm_fp8" -> "deepgemm-2025-04-09". A family that is not named
/// uses the calibration's default. kFastest, for fused_moe_*, is the quickest of all implementations at each
/// shape, as an engine that tunes itself picks them.
using KernelChoice                    = std::map<std::string, std::string>;
inline constexpr const char* kFastest = "fastest";

/// A family that the calibration holds is timed by its form: Source::fitted, or assumed where the constants
/// were fitted on another GPU, another kernel or another number format. The rest is timed at the roofline.
///
/// Where the calibration keeps measured points, a shape on their grid is Source::measured, one between them
/// Source::interpolated; off the grid, on fewer than all SMs, on another GPU or in another format the form is
/// asked.
///
/// low and high are the 80 % interval from the spread of the family's residuals, taken as a factor; where
/// constants are carried over, that factor is multiplied by kTransferFactor.
class CalibratedTime final : public KernelTime {
  public:
    /// Throws SpecError if `choice` names a family or implementation that the calibration does not hold.
    /// `caches`: warm only to compare with benchmarks that repeat one kernel.
    CalibratedTime(const GpuSpec& gpu, const Calibration& calibration, const KernelChoice& choice = {},
                   Caches caches = Caches::cold);

    KernelCost cost(const Op& op, int sms) const override;

    /// What carrying a share of peak from one GPU to another can be wrong by: FlashInfer's MLA decode
    /// reaches 0.57 of BF16 peak on H800 and 0.84 on H20, the best rows of InferSim's tables.
    static constexpr double kTransferFactor = 0.84 / 0.57;

  private:
    /// The constants in use; `present` is false where the roofline applies.
    template <class Constants>
    struct Chosen {
        Constants constants;
        double factor = 1;
        Source source = Source::fitted;
        bool present  = false;
        MeasuredGrid grid;                         ///< empty where the calibration keeps no points
        double between_factor = 1, on_factor = 1;  ///< 80 % intervals between its points and on them
    };
    template <class Constants>
    Chosen<Constants> choose(const KernelFamily<Constants>& family, const char* key,
                             const KernelChoice& choice) const;
    std::vector<Chosen<MoeConstants>> choose_some(const KernelFamily<MoeConstants>& family, const char* key,
                                                  const KernelChoice& choice) const;
    template <class Constants>
    KernelCost cost_of(const Chosen<Constants>& chosen, const FormTime& form, bool familiar,
                       const std::optional<GridTime>& measured = std::nullopt) const;

    KernelCost time(const Gemm&, int sms) const;
    KernelCost time(const GroupedGemm&, int sms) const;
    KernelCost time(const FusedMoe&, int sms) const;
    KernelCost time(const BatchedGemm&, int sms) const;
    KernelCost time(const MlaDecode&, int sms) const;
    KernelCost time(const FlashPrefill&, int sms) const;
    KernelCost time(const GqaDecode&, int sms) const;
    KernelCost time(const IndexerScore&, int sms) const;
    KernelCost time(const Streaming&, int sms) const;

    RooflineTime roofline_;
    bool transferred_;
    Caches caches_;
    Machine machines_[kMathCount];
    Chosen<GemmConstants> gemm_fp8_, gemm_fp8_tensor_, gemm_fp4_, gemm_bf16_, grouped_gemm_,
        grouped_contiguous_, batched_gemm_fp8_, batched_gemm_bf16_;
    std::vector<Chosen<MoeConstants>> fused_moe_fp8_, fused_moe_fp4_;  ///< the fastest one serves
    Chosen<OverlapConstants> batched_gemm_, mla_decode_, mla_decode_fp8_, flash_prefill_, flash_prefill_fp8_,
        gqa_decode_, indexer_, streaming_;
};

}  // namespace isobath
