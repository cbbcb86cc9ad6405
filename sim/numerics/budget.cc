#include "sim/numerics/budget.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include <fmt/format.h>

#include "hw/text.h"
#include "sim/run_result.h"

namespace isobath {
namespace {

using namespace numerics;

[[noreturn]] void fail_budget(const std::string& text) {
    throw SpecError("--budget " + clipped(text) +
                    ": expected error=SHARE, acceptance=SHARE or both with a comma, such as "
                    "error=0.1,acceptance=0.02; a SHARE is a number from 0 to 1");
}

bool supported(const GpuSpec& gpu, const PrecisionPolicy& p) {
    for (const Format f : {p.gemm, p.moe, p.shared, p.attention, p.absorbed, p.head, p.mtp})
        if (!gpu.supports(math_of(f))) return false;
    return true;
}

/// Seconds, or beyond all seconds what does not fit, by its bytes.
double cost_of(const RunResult& r) {
    constexpr double kNoFit = 1e6;
    return r.fits ? r.times.step.in(unit::s) : kNoFit - std::min(0.0, r.memory.free.in(unit::GB));
}

RunResult run_with(Scenario scenario, const PrecisionPolicy& policy, const DataFiles& data) {
    scenario.precision = policy;
    return run_scenario(scenario, data);
}

nlohmann::json policy_json(const PrecisionPolicy& p) {
    return {{"gemm", name_of(p.gemm)},           {"moe", name_of(p.moe)},
            {"shared", name_of(p.shared)},       {"attention", name_of(p.attention)},
            {"absorbed", name_of(p.absorbed)},   {"kv_cache", name_of(p.kv_cache)},
            {"dispatch", name_of(p.dispatch)},   {"combine", name_of(p.combine)},
            {"router", name_of(p.router)},       {"head", name_of(p.head)},
            {"embedding", name_of(p.embedding)}, {"mtp", name_of(p.mtp)}};
}

nlohmann::json priced_json(const PricedPolicy& p) {
    return {{"precision", policy_json(p.policy)},
            {"error", p.score.error},
            {"acceptance_loss", p.score.acceptance_loss},
            {"step_s", p.step.in(unit::s)},
            {"fits", p.fits}};
}

std::string priced_text(const std::string& name, const PricedPolicy& p) {
    return fmt::format("  {:<28} {:>9.3f} ms {:>9.2f} % {:>9.4f}{}\n", name, p.step.in(unit::ms),
                       100 * p.score.error, p.score.acceptance_loss, p.fits ? "" : "  does not fit");
}

}  // namespace

NumericBudget parse_budget(const std::string& text) {
    NumericBudget out;
    std::set<std::string> seen;
    for (std::size_t from = 0; from <= text.size();) {
        const std::size_t comma = std::min(text.find(',', from), text.size()), sign = text.find('=', from);
        if (sign == text.npos || sign > comma) fail_budget(text);
        const std::string key   = text.substr(from, sign - from),
                          word  = text.substr(sign + 1, comma - sign - 1);
        double share            = -1;
        const auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), share);
        if (wrong != std::errc() || end != word.data() + word.size() || !(share >= 0 && share <= 1) ||
            (key != "error" && key != "acceptance") || !seen.insert(key).second)
            fail_budget(text);
        (key == "error" ? out.error : out.acceptance) = share;
        from                                          = comma + 1;
    }
    return out;
}

BudgetReport cheapest_precision(const Scenario& asked, const NumericsRequest& request,
                                const NumericBudget& budget, const DataFiles& data) {
    const Scenario scenario = step_of(asked, data);
    const GpuSpec& gpu      = scenario.cluster.gpu;
    ErrorTable table(request.model, request.sample);
    table.prepare_attention({{KvLayout::bf16, Format::bf16},
                             {KvLayout::fp8, Format::bf16},
                             {KvLayout::fp8_flashmla, Format::bf16},
                             {KvLayout::bf16, Format::fp8_tensor},
                             {KvLayout::fp8, Format::fp8_tensor},
                             {KvLayout::fp8_flashmla, Format::fp8_tensor}});
    const LossCurve losses(request);
    const auto measure = [&](const PrecisionPolicy& p) {
        const LogitNoise noise = logit_noise(table, p);
        return PolicyScore{table.hidden(p).hidden, losses.at(noise.target.hidden, noise.draft)};
    };
    const auto cost = [&](const PrecisionPolicy& p) {
        if (!supported(gpu, p)) return std::numeric_limits<double>::infinity();
        return cost_of(run_with(scenario, p, data));
    };
    const auto priced = [&](const PrecisionPolicy& p) {
        const RunResult r = run_with(scenario, p, data);
        return PricedPolicy{p, measure(p), r.times.step, r.fits};
    };
    BudgetReport out;
    out.scenario = asked.name;
    out.budget   = budget;
    out.found = cheapest_policy(load_precision(data, "bf16"), measure, cost, budget, gpu.supports(Math::fp4));
    out.asked = priced(request.policy);
    out.cheapest = priced(out.found.policy);
    return out;
}

nlohmann::json to_json(const BudgetReport& r) {
    nlohmann::json binding = nlohmann::json::array();
    for (const Binding& b : r.found.binding)
        binding.push_back(
            {{"component", b.component}, {"format", b.format}, {"limit", b.limit}, {"step_s", b.cost}});
    const auto limit = [](double x) {
        return std::isfinite(x) ? nlohmann::json(x) : nlohmann::json(nullptr);
    };
    return {{"scenario", r.scenario},
            {"limits", {{"error", limit(r.budget.error)}, {"acceptance", limit(r.budget.acceptance)}}},
            {"feasible", r.found.feasible},
            {"evaluations", r.found.evaluations},
            {"asked", priced_json(r.asked)},
            {"cheapest", priced_json(r.cheapest)},
            {"binding", binding}};
}

std::string to_text(const BudgetReport& r) {
    std::string out = fmt::format("\nCheapest precision inside the budget ({}; {} steps evaluated)\n",
                                  r.scenario, r.found.evaluations);
    if (!r.found.feasible) return out + "  none: BF16 throughout is outside already\n";
    out += fmt::format("  {:<28} {:>12} {:>11} {:>9}\n", "", "step", "hidden", "1st draft");
    out += priced_text(r.asked.policy.name, r.asked) + priced_text("cheapest", r.cheapest) + " ";
    const nlohmann::json formats = policy_json(r.cheapest.policy);
    for (const auto& [component, format] : formats.items())
        out += fmt::format(" {}={}", component, format.get<std::string>());
    out += "\n";
    if (r.found.binding.empty()) return out + "  nothing binds: no cheaper format is left\n";
    const Binding& b = r.found.binding.front();
    return out + fmt::format("  {} binds: {} would take {:.3f} ms, beyond the budget of {}\n", b.component,
                             b.format, 1e3 * b.cost, b.limit);
}

}  // namespace isobath
