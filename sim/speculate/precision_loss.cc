#include "sim/speculate/precision_loss.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/numerics/precision_pairs.h"

namespace isobath {
namespace {

double bytes_of(KvLayout layout) {
    return layout == KvLayout::bf16 ? 2 : 1;
}

}  // namespace

bool is_coarser(const PrecisionPolicy& from, const PrecisionPolicy& to) {
    const auto fewer = [](Format a, Format b) { return activation_bytes(b) < activation_bytes(a) - 1e-9; };
    return fewer(from.moe, to.moe) || fewer(from.gemm, to.gemm) ||
           bytes_of(to.kv_cache) < bytes_of(from.kv_cache);
}

AcceptanceLoss assumed_loss(const DataFiles& data, const PrecisionPolicy& from, const PrecisionPolicy& to,
                            double acceptance) {
    if (!is_coarser(from, to) || acceptance <= 0) return {};
    const numerics::PairRules rules = numerics::fit_pairs(numerics::load_precision_pairs(data));
    const auto factor = [&](double loss) { return std::clamp(1 - loss / acceptance, 0.0, 1.0); };
    return {factor(rules.constant), factor(rules.high), std::max(factor(rules.constant), factor(rules.low)),
            fmt::format("assumed: measured pairs of other models lose {:.3f} ({:.3f} to {:.3f}) of a draft's "
                        "acceptance; no controlled measurement exists",
                        rules.constant, rules.low, rules.high)};
}

}  // namespace isobath
