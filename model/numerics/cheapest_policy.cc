#include "model/numerics/cheapest_policy.h"

#include <algorithm>
#include <variant>

namespace isobath::numerics {
namespace {

using P = PrecisionPolicy;

struct Knob {
    const char* name;
    std::variant<Format P::*, KvLayout P::*> field;
    std::vector<int> values;
};

std::vector<int> numbers(std::initializer_list<Format> formats, bool microscaled) {
    std::vector<int> out;
    for (const Format f : formats)
        if (microscaled || (f != Format::nvfp4 && f != Format::mxfp8)) out.push_back(static_cast<int>(f));
    return out;
}

std::vector<Knob> knobs(bool microscaled) {
    const auto weights = numbers(
        {Format::bf16, Format::fp8_block, Format::fp8_tensor, Format::mxfp8, Format::nvfp4}, microscaled);
    const auto wire =
        numbers({Format::bf16, Format::logfmt10, Format::fp8_block, Format::nvfp4}, microscaled);
    const auto core = numbers({Format::bf16, Format::fp8_tensor}, microscaled);
    const std::vector<int> cache{static_cast<int>(KvLayout::bf16), static_cast<int>(KvLayout::fp8_flashmla),
                                 static_cast<int>(KvLayout::fp8)};
    return {{"gemm", &P::gemm, weights},         {"moe", &P::moe, weights},
            {"shared", &P::shared, weights},     {"attention", &P::attention, core},
            {"absorbed", &P::absorbed, weights}, {"kv_cache", &P::kv_cache, cache},
            {"dispatch", &P::dispatch, wire},    {"combine", &P::combine, wire},
            {"head", &P::head, weights},         {"mtp", &P::mtp, weights}};
}

P with(P policy, const Knob& knob, int value) {
    if (const auto* format = std::get_if<Format P::*>(&knob.field))
        policy.** format = static_cast<Format>(value);
    else
        policy.*std::get<KvLayout P::*>(knob.field) = static_cast<KvLayout>(value);
    return policy;
}

int value_of(const P& policy, const Knob& knob) {
    if (const auto* format = std::get_if<Format P::*>(&knob.field)) return static_cast<int>(policy.**format);
    return static_cast<int>(policy.*std::get<KvLayout P::*>(knob.field));
}

std::string word_of(const Knob& knob, int value) {
    if (std::holds_alternative<Format P::*>(knob.field))
        return std::string(name_of(static_cast<Format>(value)));
    return std::string(name_of(static_cast<KvLayout>(value)));
}

class Search {
  public:
    Search(const PolicyMeasure& measure, const PolicyCost& cost, const NumericBudget& budget,
           bool microscaled)
        : measure_(measure), cost_(cost), budget_(budget), knobs_(knobs(microscaled)) {}

    CheapestPolicy from(const P& start) {
        best_.policy   = start;
        best_.score    = measure_(start);
        best_.cost     = priced(start);
        best_.feasible = inside(best_.score);
        if (!best_.feasible) return best_;
        while (improve_one() || improve_two()) {
        }
        name_binding();
        return best_;
    }

  private:
    bool inside(const PolicyScore& s) const {
        return s.error <= budget_.error && s.acceptance_loss <= budget_.acceptance;
    }

    double priced(const P& policy) {
        ++best_.evaluations;
        return cost_(policy);
    }

    /// The cheaper of the best so far and `policy`, if the budget allows it.
    void consider(const P& policy, CheapestPolicy& found) {
        const double cost = priced(policy);
        if (!(cost < found.cost * (1 - 1e-9))) return;
        const PolicyScore score = measure_(policy);
        if (!inside(score)) return;
        found.policy = policy;
        found.score  = score;
        found.cost   = cost;
    }

    bool take(CheapestPolicy found) {
        const bool better = found.cost < best_.cost;
        found.evaluations = best_.evaluations;
        best_             = std::move(found);
        return better;
    }

    bool improve_one() {
        CheapestPolicy found = best_;
        each_change(best_.policy, [&](const Knob&, int, const P& policy) { consider(policy, found); });
        return take(found);
    }

    bool improve_two() {
        CheapestPolicy found = best_;
        each_change(best_.policy, [&](const Knob& first, int, const P& policy) {
            for (const Knob& second : knobs_)
                if (&second > &first)
                    for (const int value : second.values)
                        if (value != value_of(policy, second)) consider(with(policy, second, value), found);
        });
        return take(found);
    }

    template <class Visit>
    void each_change(const P& policy, const Visit& visit) {
        for (const Knob& knob : knobs_)
            for (const int value : knob.values)
                if (value != value_of(policy, knob)) visit(knob, value, with(policy, knob, value));
    }

    void name_binding() {
        each_change(best_.policy, [&](const Knob& knob, int value, const P& policy) {
            const double cost = priced(policy);
            if (!(cost < best_.cost * (1 - 1e-9))) return;
            const bool error = measure_(policy).error > budget_.error;
            best_.binding.push_back({knob.name, word_of(knob, value), error ? "error" : "acceptance", cost});
        });
        std::stable_sort(best_.binding.begin(), best_.binding.end(),
                         [](const Binding& a, const Binding& b) { return a.cost < b.cost; });
    }

    const PolicyMeasure& measure_;
    const PolicyCost& cost_;
    NumericBudget budget_;
    std::vector<Knob> knobs_;
    CheapestPolicy best_;
};

}  // namespace

std::vector<std::string> searched_components() {
    std::vector<std::string> out;
    for (const Knob& knob : knobs(true)) out.push_back(knob.name);
    return out;
}

CheapestPolicy cheapest_policy(const PrecisionPolicy& start, const PolicyMeasure& measure,
                               const PolicyCost& cost, const NumericBudget& budget, bool microscaled) {
    return Search(measure, cost, budget, microscaled).from(start);
}

}  // namespace isobath::numerics
