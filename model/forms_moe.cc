#include "model/forms_moe.h"

#include <algorithm>
#include <cmath>

namespace isobath {
namespace {

constexpr double kLog2OfKnots = 3;  ///< of the ratio of neighbouring knots

/// The share at `rows` above a knot: a straight line in logarithms through the next one.
double above(double rows, double knot, double share, double next) {
    return share * std::pow(rows / knot, std::log2(next / share) / kLog2OfKnots);
}

}  // namespace

const KernelFamily<MoeConstants>* fused_moe_family(const Calibration& c, Format format) {
    const Math math   = math_of(format);
    const auto* found = math == Math::fp4 ? &c.fused_moe_fp4 : math == Math::fp8 ? &c.fused_moe_fp8 : nullptr;
    return found && found->find() ? found : nullptr;
}

double padded_rows(const FusedMoe& e, int tile) {
    if (e.active <= 0) return 0;
    return e.active * std::max(double(tile), e.rows / e.active + tile / 2.0);
}

double compute_share(const MoeConstants& c, double rows) {
    constexpr auto knots = MoeConstants::kKnots;
    static_assert(knots[1] == 8 * knots[0] && knots[2] == 8 * knots[1]);
    if (rows <= knots[0]) return c.compute[0].value;
    for (std::size_t i = 1; i < knots.size(); ++i)
        if (rows < knots[i]) return above(rows, knots[i - 1], c.compute[i - 1].value, c.compute[i].value);
    return c.compute.back().value;
}

Bytes moved_bytes(const MoeConstants& c, const FusedMoe& e) {
    return (c.token_bytes.value * e.tokens * e.hidden +
            c.row_bytes.value * e.rows * (double(e.hidden) + e.inter)) *
           unit::B;
}

FormTime fused_moe_time(const MoeConstants& c, const Machine& machine, const FusedMoe& e, int sms) {
    const double weights  = 3.0 * e.hidden * e.inter;
    const double rows     = e.active > 0 ? e.rows / e.active : 0;
    const Flops flop      = 2 * padded_rows(e, c.tile) * weights * unit::FLOP;
    const auto drawn      = bandwidth_of(machine, sms) * c.memory.value;
    const Seconds memory  = e.active * weights * weight_bytes(e.format) * unit::B / drawn;
    const Seconds compute = flop / (machine.flops_per_sm * (sms * compute_share(c, rows)));
    const Seconds moved   = moved_bytes(c, e) / drawn;
    const Seconds fixed   = c.launch.value + e.experts * c.per_expert.value + e.active * c.per_active.value;
    const Seconds both{std::sqrt(compute.base() * compute.base() + memory.base() * memory.base())};
    return {fixed + moved + both, fixed, compute, memory + moved};
}

const Implementation<MoeConstants>* fastest(const KernelFamily<MoeConstants>& family, const Machine& machine,
                                            const FusedMoe& shape, int sms) {
    const Implementation<MoeConstants>* best = nullptr;
    Seconds least;
    for (const auto& each : family.implementations) {
        const Seconds time = fused_moe_time(each.constants, machine, shape, sms).time;
        if (!best || time < least) best = &each, least = time;
    }
    return best;
}

}  // namespace isobath
