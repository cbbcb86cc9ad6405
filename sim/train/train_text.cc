// A training run as text.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/train/train.h"

namespace isobath {
namespace {

std::string ms(Seconds t) {
    return fmt::format("{:.2f} ms", t.in(unit::ms));
}

std::string gigabytes(Bytes b) {
    return fmt::format("{:.1f} GB", b.in(unit::GB));
}

/// 2,664,000 as "2.664 M", 5,000 as "5.0 K".
std::string hours(double h) {
    return h >= 1e6 ? fmt::format("{:.3f} M", h / 1e6) : fmt::format("{:.1f} K", h / 1e3);
}

std::string header(const TrainResult& r) {
    const TrainLayout& l = r.layout;
    std::string text = fmt::format("{}\n{} on {} {}, {}\n", r.scenario.name, r.scenario.model.title, l.gpus(),
                                   r.scenario.cluster.gpu.title, r.scenario.precision.title);
    text += fmt::format("{} stages ({}), tp {}, cp {}, dp {}", l.pp, name_of(l.schedule), l.tp, l.cp, l.dp);
    if (r.scenario.model.moe) text += fmt::format(", ep {}", l.ep);
    return text + fmt::format("; {} sequences of {:g} tokens a step, {} micro-batches of {}\n\n",
                              l.global_batch, l.sequence, r.step.batches, l.micro_batch);
}

std::string line(const char* name, const std::string& value, const std::string& note = "") {
    return fmt::format("  {:<26} {:>10}{}\n", name, value, note.empty() ? "" : "   " + note);
}

std::string rates(const TrainResult& r) {
    std::string text = line(
        "step", fmt::format("{:.2f} s", r.step.time.base()),
        fmt::format("80 % interval {:.1f} to {:.1f} s", r.step_range.low.base(), r.step_range.high.base()));
    text += line("tokens per day", fmt::format("{:.1f} G", r.tokens_per_day / 1e9),
                 fmt::format("{:.1f} K GPU-hours per trillion tokens",
                             r.layout.gpus() * r.step.time.base() / 3600 / tokens_per_step(r.layout) * 1e9));
    text += line("FLOP per token", fmt::format("{:.2f} G", r.flop_per_token.in(unit::GFLOP)),
                 "causal, forward and backward, MTP left out");
    return text + line("MFU", fmt::format("{:.1f} %", 100 * r.mfu),
                       fmt::format("of the BF16 peak; {:.1f} % with MTP and recomputation",
                                   100 * r.hardware_utilisation));
}

std::string parts(const TrainResult& r) {
    const auto share = [&](const char* name, Seconds t) {
        return line(name, fmt::format("{:.2f} s", t.base()),
                    fmt::format("{:.1f} %", 100 * (t / r.step.time)));
    };
    const RankTimes& m = r.step.mean;
    std::string text   = "\nA step, mean over the pipeline's ranks\n";
    text += share("overlapped chunks", m.pair) + share("forward alone", m.forward) +
            share("backward alone", m.backward) + share("weights alone", m.weight) +
            share("bubble", m.bubble);
    text += share("optimiser", r.step.optimiser.all());
    return text + fmt::format("  Were all stages like the longest, {} would leave a bubble of {:.2f} s.\n",
                              name_of(r.layout.schedule), r.step.closed_bubble.base());
}

std::string layer(const TrainResult& r) {
    if (!r.scenario.model.moe) return "";
    std::string text =
        fmt::format("\nA layer of experts, forward beside backward: {} (compute busy {}, communication {})\n",
                    ms(r.layer.span), ms(r.layer.compute_busy), ms(r.layer.comm_busy));
    for (int i = 0; i < kChunkRoleCount; ++i)
        text += line(name_of(static_cast<ChunkRole>(i)).data(), ms(r.layer.roles[std::size_t(i)]));
    const ExchangeTimes& x = r.costs.exchange;
    text += fmt::format(
        "  Alone, a dispatch takes {} and a combine {}; a token reaches {:.2f} nodes and {:.2f} ranks.\n",
        ms(x.dispatch), ms(x.combine), x.distinct_nodes, x.distinct_ranks);
    if (r.costs.imbalance.rank > 1)
        text += fmt::format(
            "  The busiest rank's experts get {:.2f} times the mean (assumed: topics of sequences).\n",
            r.costs.imbalance.rank);
    if (r.costs.imbalance.dropped > 0)
        text +=
            fmt::format("  {:.2f} % of token-expert pairs are dropped.\n", 100 * r.costs.imbalance.dropped);
    return text;
}

std::string memory(const TrainResult& r) {
    const TrainMemory& m = r.step.memory;
    std::string text =
        fmt::format("\nMemory of the fullest rank ({}): {} of {}{}\n", r.step.fullest, gigabytes(m.used()),
                    gigabytes(m.capacity), m.fits() ? "" : ": does not fit");
    return text +
           fmt::format("  weights {}, gradients {}, optimiser {}, activations {}, transient {}, buffers {}\n",
                       gigabytes(m.weights), gigabytes(m.gradients), gigabytes(m.optimiser),
                       gigabytes(m.activations), gigabytes(m.transient), gigabytes(m.buffers));
}

std::string bill(const TrainResult& r) {
    if (r.phases.empty()) return "";
    std::string text = "\nGPU-hours\n";
    for (const TrainPhaseResult& p : r.phases)
        text += line(p.spec.name.c_str(), hours(p.gpu_hours),
                     p.spec.stated() ? "stated by the scenario"
                                     : fmt::format("{:.0f} steps of {:.2f} s{}", p.steps, p.step.base(),
                                                   p.fits ? "" : ", does not fit"));
    text += line("all", hours(r.gpu_hours),
                 fmt::format("{:.1f} days, {:.3f} M USD, {:.0f} MWh at the data sheet's power", r.days,
                             r.usd / 1e6, r.megawatt_hours));
    if (r.failures.mtbf <= Seconds{}) return text;
    return text +
           fmt::format(
               "  With a failure every {:.1f} h and a checkpoint every {:.0f} min, {:.1f} % of the time "
               "counts: {} GPU-hours.\n",
               r.failures.mtbf.base() / 3600, r.checkpoint_interval.base() / 60, 100 / r.wall_per_useful,
               hours(r.gpu_hours * r.wall_per_useful));
}

std::string provenance(const TrainResult& r) {
    std::string text = "\nThe step rests on:";
    for (std::size_t i = 0; i < kSourceCount; ++i)
        if (r.step.by_source[i] > 0.0005)
            text += fmt::format(" {} {:.1f} %", name_of(static_cast<Source>(i)), 100 * r.step.by_source[i]);
    return text + "\n";
}

}  // namespace

std::string to_text(const TrainResult& r) {
    return header(r) + rates(r) + parts(r) + layer(r) + memory(r) + bill(r) + provenance(r);
}

}  // namespace isobath
