// Which family of a calibration serves a kernel.
#include <vector>

#include "sim/validate/kernel_op.h"

namespace isobath {
namespace {

/// Families that may serve a kernel, the one for its format first.
struct Families {
    using Names = std::vector<std::string>;
    Names operator()(const Gemm& g) const {
        if (g.format == Format::fp8_tensor) return {"gemm_fp8_tensor", "gemm_fp8"};
        if (g.format == Format::nvfp4) return {"gemm_fp4", "gemm_fp8"};
        return {math_of(g.format) == Math::fp8 ? "gemm_fp8" : "gemm_bf16"};
    }
    Names operator()(const BatchedGemm& g) const {
        return {math_of(g.format) == Math::fp8 ? "batched_gemm_fp8" : "batched_gemm_bf16", "batched_gemm"};
    }
    Names operator()(const GroupedGemm& g) const {
        if (g.layout == GroupedLayout::contiguous) return {"grouped_contiguous", "grouped_gemm"};
        return {"grouped_gemm"};
    }
    Names operator()(const FusedMoe& e) const {
        return {math_of(e.format) == Math::fp4 ? "fused_moe_fp4" : "fused_moe_fp8"};
    }
    Names operator()(const MlaDecode& a) const {
        if (a.cache == KvLayout::bf16) return {"mla_decode"};
        return {"mla_decode_fp8", "mla_decode"};
    }
    Names operator()(const FlashPrefill& a) const {
        if (math_of(a.format) == Math::bf16) return {"flash_prefill"};
        return {"flash_prefill_fp8", "flash_prefill"};
    }
    template <class Other>
    Names operator()(const Other&) const {
        return {};
    }
};

}  // namespace

std::string family_for(const Op& op, const Calibration& calibration) {
    const auto names = std::visit(Families{}, op);
    for (const std::string& name : names) {
        bool held = false;
        each_family(calibration, [&](const std::string& key, const auto& family) {
            held |= key == name && !family.implementations.empty();
        });
        if (held) return name;
    }
    return names.empty() ? "" : names.back();
}

}  // namespace isobath
