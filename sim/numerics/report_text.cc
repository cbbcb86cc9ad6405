#include <fmt/format.h>

#include "sim/numerics/report.h"

namespace isobath {
namespace {

using namespace numerics;

std::string percent(double share) {
    const double p = 100 * share;
    if (p == 0) return "0";
    return p < 0.001 && p > -0.001 ? "<0.001 %" : fmt::format("{:.3g} %", p);
}

std::string products_text(const NumericsReport& r) {
    std::string out = fmt::format(
        "Products and transfers (error relative to the row's rms; {} x {} sampled outputs each)\n"
        "  {:<10} {:<16} {:>6} {:>10} {:>10} {:>10} {:>10} {:>10}\n",
        r.request.sample.tokens, r.request.sample.outputs, "component", "", "k", "format", "rms", "max",
        "saturated", "flushed");
    for (const PartError& p : r.parts)
        out += fmt::format("  {:<10} {:<16} {:>6} {:>10} {:>10} {:>10} {:>10} {:>10}\n", p.component, p.name,
                           p.k, name_of(p.format), percent(p.error.rms), percent(p.error.max),
                           percent(p.saturated), percent(p.flushed));
    return out;
}

std::string accumulation_text(const NumericsReport& r) {
    std::string out =
        fmt::format("\nAccumulation of FP8 products alone\n  {:<36} {:<8} {:>6} {:>10} {:>10}\n", "",
                    "inputs", "k", "rms", "max");
    for (const AccumulationAtK& a : r.accumulation)
        out += fmt::format("  {:<36} {:<8} {:>6} {:>10} {:>10}\n", a.how, a.inputs, a.k, percent(a.error.rms),
                           percent(a.error.max));
    return out;
}

std::string attention_text(const NumericsReport& r) {
    std::string out = fmt::format("\nAttention output by context (rms; * the policy's)\n  {:<34}", "");
    for (const AttentionError& p : r.attention.front().points) out += fmt::format(" {:>9}", p.context);
    for (const AttentionCurve& curve : r.attention) {
        out += fmt::format("\n  {:<34}", curve.name + (curve.of_policy ? " *" : ""));
        for (const AttentionError& p : curve.points) out += fmt::format(" {:>9}", percent(p.error.rms));
    }
    return out + "\n";
}

std::string router_text(const NumericsReport& r) {
    const auto row = [](const char* name, const RouterError& e) {
        return fmt::format("  {:<34} {:>10} {:>10} {:>10}\n", name, percent(e.flips),
                           percent(e.flipped_tokens), percent(e.weight_moved));
    };
    return fmt::format("\nRouter\n  {:<34} {:>10} {:>10} {:>10}\n", "", "experts", "tokens", "weight") +
           row("flipped by its own GEMM", r.router_own) + row("by the hidden state's noise", r.router_mid) +
           row("  at its least", r.router_low) + row("  at its most", r.router_high);
}

std::string noise_text(const NumericsReport& r) {
    const auto row = [](const char* name, const StackNoise& n) {
        return fmt::format("  {:<34} {:>10} {:>10} to {}\n", name, percent(n.hidden), percent(n.low),
                           percent(n.high));
    };
    return fmt::format("\nNoise after {} layers (relative; assumed, see docs/numerics.md)\n",
                       r.request.model.num_hidden_layers) +
           row("hidden state", r.hidden) + row("target's logits", r.logits) +
           fmt::format("  {:<34} {:>10}\n", "draft's logits", percent(r.draft_noise));
}

std::string acceptance_text(const NumericsReport& r) {
    std::string out = fmt::format(
        "\nAcceptance at temperature 1, {} (computed from that noise; assumed)\n"
        "  {:>5} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
        r.request.logits ? "the user's logits" : "made-up logits", "draft", "exact", "target", "draft",
        "both", "loss", "");
    for (const PositionLoss& p : r.positions)
        out += fmt::format("  {:>5} {:>9.4f} {:>9.4f} {:>9.4f} {:>9.4f} {:>9.4f} {:.4f} to {:.4f}\n",
                           p.position, p.at.exact, p.at.target, p.at.draft, p.at.both, p.loss, p.low, p.high);
    return out;
}

std::string pairs_text(const NumericsReport& r) {
    std::string out = fmt::format(
        "\nMeasured pairs (no controlled measurement exists; none is of DeepSeek-V3): loss of conditional "
        "acceptance\n  {:<18} {:<9} {:>15} {:>8} {:>9} {:>10} {:>8}\n",
        "", "changed", "from", "to", "measured", "constant", "noise");
    for (std::size_t i = 0; i < r.pairs.size(); ++i) {
        const PrecisionPair& p = r.pairs[i];
        out +=
            fmt::format("  {:<18} {:<9} {:>15} {:>8} {:>9.3f} {:>10.3f} {:>8.3f}\n", p.id, name_of(p.changed),
                        p.from.format, p.to.format, p.loss(), r.residuals[i].constant, r.residuals[i].noise);
    }
    out += fmt::format("  left out by group, rms: constant loss {:.3f}, storage noise {:.3f}: {}\n",
                       r.rules.constant_residual, r.rules.noise_residual,
                       r.rules.noise_wins() ? "the noise of formats tells losses better"
                                            : "the noise of formats tells losses no better than their mean");
    if (r.predicted_high == 0)
        return out + "Predicted loss of acceptance: none, for cache and weights are in 16 bits (assumed)\n";
    return out + fmt::format(
                     "Predicted loss of acceptance at each draft: {:.3f}, {:.3f} to {:.3f} (assumed; "
                     "the interval spans the measured pairs)\n",
                     r.predicted, r.predicted_low, r.predicted_high);
}

}  // namespace

std::string to_text(const NumericsReport& r) {
    return fmt::format("Precision {} in {}{}\n\n", r.request.policy.name, r.request.model.title,
                       r.request.policy.title.empty() ? "" : ": " + r.request.policy.title) +
           products_text(r) + accumulation_text(r) + attention_text(r) + router_text(r) + noise_text(r) +
           acceptance_text(r) + pairs_text(r);
}

}  // namespace isobath
