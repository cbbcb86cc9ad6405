#include "sim/explain/kernel_basis.h"

#include <algorithm>

#include "model/forms_gemm.h"
#include "model/forms_mla.h"
#include "model/forms_moe.h"

namespace isobath {
namespace {

class Basis {
  public:
    Basis(const Op& op, const GpuSpec& gpu, const Calibration& calibration, const KernelChoice& choice,
          int sms)
        : gpu_(gpu), calibration_(calibration), choice_(choice), work_(work_of(op)), sms_(std::max(1, sms)) {
        out_.math    = work_.math;
        out_.flop    = work_.flop;
        out_.machine = machine_of(gpu, work_.math);
        std::visit([this](const auto& shape) { form(shape); }, op);
        if (!out_.tiled && !out_.overlap && !out_.fused) roofline();
    }
    KernelBasis answer() const { return out_; }

  private:
    template <class Constants>
    const Implementation<Constants>* find(const KernelFamily<Constants>& family) const {
        const auto at = choice_.find(out_.family);
        return family.find(at == choice_.end() ? std::string() : at->second);
    }

    template <class Shape>
    void tile(const Shape& shape, const KernelFamily<GemmConstants>& family, bool familiar) {
        out_.familiar = familiar;
        if (!(out_.tiled = find(family))) return;
        const GemmConstants& c = out_.tiled->constants;
        if constexpr (std::is_same_v<Shape, BatchedGemm>)
            out_.tiling = pipelined_tiling(c, out_.machine, shape, sms_);
        else
            out_.tiling = tiling_of(c, out_.machine, shape, sms_);
        if constexpr (std::is_same_v<Shape, Gemm>)
            out_.form = gemm_time(c, out_.machine, shape, sms_);
        else if constexpr (std::is_same_v<Shape, BatchedGemm>)
            out_.form = pipelined_time(c, out_.machine, shape, sms_);
        else
            out_.form = grouped_gemm_time(c, out_.machine, shape, sms_);
    }

    /// A family that was fitted in the very format.
    template <class Shape>
    void own(const Shape& shape, const char* family, const KernelFamily<GemmConstants>& constants) {
        out_.family = family;
        tile(shape, constants, true);
    }

    template <class Shape>
    void overlap(const KernelFamily<OverlapConstants>& family, Hiding hiding, bool familiar,
                 const Shape& shape) {
        out_.hiding   = hiding;
        out_.familiar = familiar;
        if (!(out_.overlap = find(family))) return;
        const OverlapConstants& c = out_.overlap->constants;
        if constexpr (requires { padded_flop(shape, 1); }) out_.flop = padded_flop(shape, c.query_tile);
        out_.form = overlap_time(c, out_.machine, out_.flop, work_.bytes, sms_, hiding);
    }

    void form(const Gemm& g) {
        const Math math   = math_of(g.format);
        const bool narrow = math == Math::fp8 || math == Math::fp4 || math == Math::int8;
        if (g.format == Format::fp8_tensor && calibration_.gemm_fp8_tensor.find())
            return own(g, "gemm_fp8_tensor", calibration_.gemm_fp8_tensor);
        if (g.format == Format::nvfp4 && calibration_.gemm_fp4.find())
            return own(g, "gemm_fp4", calibration_.gemm_fp4);
        out_.family = narrow ? "gemm_fp8" : "gemm_bf16";
        tile(g, narrow ? calibration_.gemm_fp8 : calibration_.gemm_bf16,
             g.format == Format::fp8_block || math == Math::bf16);
    }
    void form(const GroupedGemm& g) {
        const bool own =
            g.layout == GroupedLayout::contiguous && calibration_.grouped_contiguous.find() != nullptr;
        out_.family        = own ? "grouped_contiguous" : "grouped_gemm";
        const auto& family = own ? calibration_.grouped_contiguous : calibration_.grouped_gemm;
        if (g.experts >= 1) tile(g, family, g.format == Format::fp8_block);
    }
    void form(const FusedMoe& e) {
        out_.family   = work_.math == Math::fp4 ? "fused_moe_fp4" : "fused_moe_fp8";
        const auto* f = fused_moe_family(calibration_, e.format);
        if (!f) return;
        const auto at = choice_.find(out_.family);
        out_.fused =
            at != choice_.end() && at->second == kFastest ? fastest(*f, out_.machine, e, sms_) : find(*f);
        out_.familiar         = e.format == Format::fp8_block || e.format == Format::nvfp4;
        const MoeConstants& c = out_.fused->constants;
        out_.form             = fused_moe_time(c, out_.machine, e, sms_);
        out_.flop             = padded_rows(e, c.tile) / e.rows * work_.flop;
    }
    void form(const BatchedGemm& g) {
        if (work_.math == Math::fp8 && calibration_.batched_gemm_fp8.find())
            return own(g, "batched_gemm_fp8", calibration_.batched_gemm_fp8);
        if (work_.math == Math::bf16 && calibration_.batched_gemm_bf16.find())
            return own(g, "batched_gemm_bf16", calibration_.batched_gemm_bf16);
        out_.family = "batched_gemm";
        overlap(calibration_.batched_gemm, Hiding::partial, work_.math == Math::bf16, g);
    }
    /// Latent attention and prompts: the format's own family where there is one, and its cutting of the work.
    template <class Shape, class Form>
    void attention(const Shape& shape, const char* family, const KernelFamily<OverlapConstants>& constants,
                   bool familiar, Math math, const Form& time) {
        out_.family  = family;
        out_.machine = machine_of(gpu_, math);
        overlap(constants, Hiding::whole, familiar, shape);
        if (out_.overlap) out_.form = time(out_.overlap->constants, out_.machine, shape, sms_, Caches::cold);
    }
    void form(const MlaDecode& a) {
        const bool own = a.cache != KvLayout::bf16 && calibration_.mla_decode_fp8.find();
        attention(a, own ? "mla_decode_fp8" : "mla_decode",
                  own ? calibration_.mla_decode_fp8 : calibration_.mla_decode,
                  a.cache == (own ? KvLayout::fp8 : KvLayout::bf16), own ? Math::fp8 : Math::bf16,
                  mla_decode_time);
    }
    void form(const FlashPrefill& a) {
        const bool own = work_.math == Math::fp8 && calibration_.flash_prefill_fp8.find();
        attention(a, own ? "flash_prefill_fp8" : "flash_prefill",
                  own ? calibration_.flash_prefill_fp8 : calibration_.flash_prefill,
                  own || work_.math == Math::bf16, work_.math, flash_prefill_time);
    }
    void form(const GqaDecode& a) {
        out_.family = "gqa_decode";
        overlap(calibration_.gqa_decode, Hiding::whole, a.cache == Format::bf16, a);
    }
    void form(const IndexerScore& i) {
        out_.family = "indexer";
        overlap(calibration_.indexer, Hiding::partial, true, i);
    }
    void form(const Streaming& s) {
        out_.family = "streaming";
        overlap(calibration_.streaming, Hiding::partial, true, s);
    }

    void roofline() {
        const FlopsPerSecond peak = gpu_.supports(work_.math) ? gpu_.peak(work_.math) : gpu_.peak(Math::bf16);
        out_.form.compute         = work_.flop / (peak * (double(sms_) / gpu_.sm_count));
        out_.form.memory          = work_.bytes / gpu_.hbm_bandwidth;
        out_.form.time            = std::max(out_.form.compute, out_.form.memory);
    }

    const GpuSpec& gpu_;
    const Calibration& calibration_;
    const KernelChoice& choice_;
    const Work work_;
    const int sms_;
    KernelBasis out_;
};

}  // namespace

KernelBasis basis_of(const Op& op, const GpuSpec& gpu, const Calibration& calibration,
                     const KernelChoice& choice, int sms) {
    return Basis(op, gpu, calibration, choice, sms).answer();
}

}  // namespace isobath
