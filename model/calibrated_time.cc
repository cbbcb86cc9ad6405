#include "model/calibrated_time.h"

#include <algorithm>
#include <cmath>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "model/forms_gemm.h"
#include "model/forms_mla.h"
#include "model/forms_moe.h"

namespace isobath {
namespace {

void check_families(const Calibration& calibration, const KernelChoice& choice) {
    for (const auto& [wanted, name] : choice) {
        bool known = false;
        each_family(calibration,
                    [&, key = wanted](const char* family, const auto&) { known |= key == family; });
        if (known) continue;
        std::vector<std::string_view> families;
        each_family(calibration, [&](const char* family, const auto&) { families.emplace_back(family); });
        fail_at("kernels", "/" + wanted, "no such kernel family; known: " + joined(families));
    }
}

Bound bound_of(const FormTime& form) {
    if (form.launch >= std::max(form.compute, form.memory)) return Bound::latency;
    return form.compute > form.memory ? Bound::compute : Bound::memory;
}

/// What neighbours say of a point is wrong by its own noise and half of either neighbour's: sqrt(3/2) of one
/// point's, were it all noise. A measured point is sure to this share of that error's logarithm.
constexpr double kOwnNoise = 0.8165;  // sqrt(2/3)

template <class Shape>
std::optional<GridTime> point_of(const MeasuredGrid& grid, const Shape& shape) {
    if (grid.empty()) return std::nullopt;
    const auto place = grid_place(shape);
    return place ? grid.at(*place) : std::nullopt;
}

}  // namespace

template <class Constants>
auto CalibratedTime::choose(const KernelFamily<Constants>& family, const char* key,
                            const KernelChoice& choice) const -> Chosen<Constants> {
    const auto wanted                      = choice.find(key);
    const std::string name                 = wanted == choice.end() ? "" : wanted->second;
    const Implementation<Constants>* found = family.find(name);
    if (!found && !name.empty()) {
        std::vector<std::string_view> known;
        for (const auto& each : family.implementations) known.push_back(each.name);
        fail_at("kernels", std::string("/") + key,
                "no implementation \"" + clipped(name) +
                    "\"; known: " + (known.empty() ? "none" : joined(known)));
    }
    if (!found) return {};
    Chosen<Constants> chosen{found->constants, found->residuals.factor, found->basis, true, {}, 1, 1};
    if (!found->points) return chosen;
    chosen.grid           = MeasuredGrid(found->points->points);
    chosen.between_factor = found->points->factor;
    chosen.on_factor      = std::exp(std::log(found->points->factor) * kOwnNoise);
    return chosen;
}

auto CalibratedTime::choose_some(const KernelFamily<MoeConstants>& family, const char* key,
                                 const KernelChoice& choice) const -> std::vector<Chosen<MoeConstants>> {
    const auto wanted = choice.find(key);
    if (wanted == choice.end() || wanted->second != kFastest) {
        const Chosen<MoeConstants> one = choose(family, key, choice);
        return one.present ? std::vector{one} : std::vector<Chosen<MoeConstants>>{};
    }
    std::vector<Chosen<MoeConstants>> all;
    for (const auto& each : family.implementations)
        all.push_back({each.constants, each.residuals.factor, each.basis, true});
    return all;
}

CalibratedTime::CalibratedTime(const GpuSpec& gpu, const Calibration& calibration, const KernelChoice& choice,
                               Caches caches)
    : roofline_(gpu), transferred_(calibration.gpu != gpu.name), caches_(caches) {
    check_families(calibration, choice);
    for (int i = 0; i < kMathCount; ++i) machines_[i] = machine_of(gpu, static_cast<Math>(i));
    gemm_fp8_           = choose(calibration.gemm_fp8, "gemm_fp8", choice);
    gemm_fp8_tensor_    = choose(calibration.gemm_fp8_tensor, "gemm_fp8_tensor", choice);
    gemm_fp4_           = choose(calibration.gemm_fp4, "gemm_fp4", choice);
    batched_gemm_fp8_   = choose(calibration.batched_gemm_fp8, "batched_gemm_fp8", choice);
    batched_gemm_bf16_  = choose(calibration.batched_gemm_bf16, "batched_gemm_bf16", choice);
    gemm_bf16_          = choose(calibration.gemm_bf16, "gemm_bf16", choice);
    grouped_gemm_       = choose(calibration.grouped_gemm, "grouped_gemm", choice);
    batched_gemm_       = choose(calibration.batched_gemm, "batched_gemm", choice);
    mla_decode_         = choose(calibration.mla_decode, "mla_decode", choice);
    flash_prefill_      = choose(calibration.flash_prefill, "flash_prefill", choice);
    mla_decode_fp8_     = choose(calibration.mla_decode_fp8, "mla_decode_fp8", choice);
    flash_prefill_fp8_  = choose(calibration.flash_prefill_fp8, "flash_prefill_fp8", choice);
    gqa_decode_         = choose(calibration.gqa_decode, "gqa_decode", choice);
    indexer_            = choose(calibration.indexer, "indexer", choice);
    streaming_          = choose(calibration.streaming, "streaming", choice);
    fused_moe_fp8_      = choose_some(calibration.fused_moe_fp8, "fused_moe_fp8", choice);
    fused_moe_fp4_      = choose_some(calibration.fused_moe_fp4, "fused_moe_fp4", choice);
    grouped_contiguous_ = choose(calibration.grouped_contiguous, "grouped_contiguous", choice);
}

/// `familiar`: the constants were fitted in this number format. `measured`: what the points say.
template <class Constants>
KernelCost CalibratedTime::cost_of(const Chosen<Constants>& chosen, const FormTime& form, bool familiar,
                                   const std::optional<GridTime>& measured) const {
    const bool carried = transferred_ || !familiar;
    if (measured && !carried)
        return {Estimate::within(measured->time, measured->exact ? chosen.on_factor : chosen.between_factor,
                                 measured->exact ? Source::measured : Source::interpolated),
                bound_of(form)};
    const double factor = carried ? chosen.factor * kTransferFactor : chosen.factor;
    return {Estimate::within(form.time, factor, carried ? Source::assumed : chosen.source), bound_of(form)};
}

KernelCost CalibratedTime::time(const Gemm& g, int sms) const {
    const Math math    = math_of(g.format);
    const bool narrow  = math == Math::fp8 || math == Math::fp4 || math == Math::int8;
    const auto& own    = g.format == Format::fp8_tensor ? gemm_fp8_tensor_ : gemm_fp4_;
    const bool has     = own.present && (g.format == Format::fp8_tensor || g.format == Format::nvfp4);
    const auto& chosen = has ? own : narrow ? gemm_fp8_ : gemm_bf16_;
    if (!chosen.present) return roofline_.cost(g, sms);
    const bool familiar    = has || g.format == Format::fp8_block || math == Math::bf16;
    const Machine& machine = machines_[int(math)];
    return cost_of(chosen, gemm_time(chosen.constants, machine, g, sms), familiar,
                   sms == machine.sm_count ? point_of(chosen.grid, g) : std::nullopt);
}

KernelCost CalibratedTime::time(const GroupedGemm& g, int sms) const {
    const bool own     = g.layout == GroupedLayout::contiguous && grouped_contiguous_.present;
    const auto& chosen = own ? grouped_contiguous_ : grouped_gemm_;
    if (!chosen.present || g.experts < 1) return roofline_.cost(g, sms);
    const Machine& machine = machines_[int(math_of(g.format))];
    return cost_of(chosen, grouped_gemm_time(chosen.constants, machine, g, sms),
                   g.format == Format::fp8_block);
}

KernelCost CalibratedTime::time(const FusedMoe& e, int sms) const {
    const Math math    = math_of(e.format);
    const auto& choice = math == Math::fp4 ? fused_moe_fp4_ : fused_moe_fp8_;
    KernelCost best    = roofline_.cost(e, sms);
    bool found         = false;
    for (const auto& each : choice) {
        const KernelCost one = cost_of(each, fused_moe_time(each.constants, machines_[int(math)], e, sms),
                                       e.format == Format::fp8_block || e.format == Format::nvfp4);
        if (!found || one.estimate.time < best.estimate.time) best = one;
        found = true;
    }
    return best;
}

KernelCost CalibratedTime::time(const BatchedGemm& g, int sms) const {
    const Work work   = work_of(g);
    const auto& tiled = work.math == Math::fp8 ? batched_gemm_fp8_ : batched_gemm_bf16_;
    if (tiled.present && (work.math == Math::fp8 || work.math == Math::bf16))
        return cost_of(tiled, pipelined_time(tiled.constants, machines_[int(work.math)], g, sms), true);
    if (!batched_gemm_.present) return roofline_.cost(g, sms);
    return cost_of(batched_gemm_,
                   overlap_time(batched_gemm_.constants, machines_[int(work.math)], work.flop, work.bytes,
                                sms, Hiding::partial),
                   work.math == Math::bf16);
}

/// A cache of plain FP8 has a kernel of its own where the calibration knows one.
KernelCost CalibratedTime::time(const MlaDecode& a, int sms) const {
    const bool own     = a.cache != KvLayout::bf16 && mla_decode_fp8_.present;
    const auto& chosen = own ? mla_decode_fp8_ : mla_decode_;
    if (!chosen.present) return roofline_.cost(a, sms);
    const Math math = own ? Math::fp8 : Math::bf16;
    return cost_of(chosen, mla_decode_time(chosen.constants, machines_[int(math)], a, sms, caches_),
                   a.cache == (own ? KvLayout::fp8 : KvLayout::bf16),
                   sms == machines_[0].sm_count ? point_of(chosen.grid, a) : std::nullopt);
}

KernelCost CalibratedTime::time(const FlashPrefill& a, int sms) const {
    const Math math    = math_of(a.format);
    const bool own     = math == Math::fp8 && flash_prefill_fp8_.present;
    const auto& chosen = own ? flash_prefill_fp8_ : flash_prefill_;
    if (!chosen.present) return roofline_.cost(a, sms);
    return cost_of(chosen, flash_prefill_time(chosen.constants, machines_[int(math)], a, sms, caches_),
                   own || math == Math::bf16);
}

KernelCost CalibratedTime::time(const GqaDecode& a, int sms) const {
    if (!gqa_decode_.present) return roofline_.cost(a, sms);
    const OverlapConstants& c = gqa_decode_.constants;
    return cost_of(gqa_decode_,
                   overlap_time(c, machines_[int(Math::bf16)], padded_flop(a, c.query_tile), work_of(a).bytes,
                                sms, Hiding::whole),
                   a.cache == Format::bf16);
}

KernelCost CalibratedTime::time(const IndexerScore& i, int sms) const {
    if (!indexer_.present) return roofline_.cost(i, sms);
    const Work work = work_of(i);
    return cost_of(indexer_,
                   overlap_time(indexer_.constants, machines_[int(work.math)], work.flop, work.bytes, sms,
                                Hiding::partial),
                   true);
}

KernelCost CalibratedTime::time(const Streaming& s, int sms) const {
    if (!streaming_.present) return roofline_.cost(s, sms);
    return cost_of(streaming_,
                   overlap_time(streaming_.constants, machines_[int(Math::bf16)], Flops{}, s.bytes, sms,
                                Hiding::partial),
                   true);
}

KernelCost CalibratedTime::cost(const Op& op, int sms) const {
    return std::visit([&](const auto& kernel) { return time(kernel, std::max(1, sms)); }, op);
}

}  // namespace isobath
