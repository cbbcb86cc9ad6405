#include "sim/train/what_if.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/text.h"

namespace isobath {
namespace {

using Apply  = void (*)(Scenario&, const DataFiles&);
using Reason = std::string (*)(const TrainResult& base, const TrainResult& other);

struct Entry {
    const char *name, *change;
    Apply apply;
    Reason reason;
};

std::string ms(Seconds t) {
    return fmt::format("{:.1f} ms", t.in(unit::ms));
}

/// Exchanges of a layer forward and backward, alone.
Seconds exchanges(const TrainResult& r) {
    const ExchangeTimes& x = r.costs.exchange;
    return x.dispatch + x.repeat + 2 * x.combine;
}

std::string bound(const TrainResult& r) {
    return r.layer.comm_busy > r.layer.compute_busy ? "communication" : "compute";
}

std::string layer_words(const TrainResult& a, const TrainResult& b) {
    return fmt::format(
        "a layer forward beside backward takes {} instead of {} (compute {} against {}, communication {} "
        "against "
        "{}; bound by {})",
        ms(b.layer.span), ms(a.layer.span), ms(b.layer.compute_busy), ms(a.layer.compute_busy),
        ms(b.layer.comm_busy), ms(a.layer.comm_busy), bound(b));
}

std::string memory_words(const TrainResult& a, const TrainResult& b) {
    return fmt::format("the fullest rank holds {:.1f} GB instead of {:.1f}{}",
                       b.step.memory.used().in(unit::GB), a.step.memory.used().in(unit::GB),
                       b.step.memory.fits() ? "" : ", which does not fit");
}

std::string because_of_precision(const TrainResult& a, const TrainResult& b) {
    return fmt::format(
        "products run at the BF16 rate, half of FP8's, though casts and transposes fall away; a "
        "dispatch carries {:.0f} MB instead of {:.0f} through the NIC: {}; {}",
        b.costs.exchange.dispatch_rdma.in(unit::MB), a.costs.exchange.dispatch_rdma.in(unit::MB),
        layer_words(a, b), memory_words(a, b));
}

std::string because_of_overlap(const TrainResult& a, const TrainResult& b) {
    return fmt::format(
        "each layer's exchanges, {} alone, are no longer hidden behind {} of compute: overlapped "
        "chunks of {:.2f} s become {:.2f} s of forward and backward, one by one; the bubble goes "
        "from {:.2f} to {:.2f} s",
        ms(exchanges(a)), ms(a.layer.compute_busy), a.step.mean.pair.base(),
        (b.step.mean.pair + b.step.mean.forward + b.step.mean.backward + b.step.mean.weight -
         a.step.mean.forward - a.step.mean.backward - a.step.mean.weight)
            .base(),
        a.step.mean.bubble.base(), b.step.mean.bubble.base());
}

std::string because_of_nodes(const TrainResult& a, const TrainResult& b) {
    const Seconds room = b.layer.compute_busy - b.layer.comm_busy;
    return fmt::format(
        "a token reaches {:.2f} nodes instead of {:.2f}, so exchanges alone take {} instead of {}; {}; {}",
        b.costs.exchange.distinct_nodes, a.costs.exchange.distinct_nodes, ms(exchanges(b)), ms(exchanges(a)),
        layer_words(a, b),
        room > Seconds{} ? fmt::format("compute still covers it with {} to spare", ms(room))
                         : fmt::format("{} of it show in every layer", ms(Seconds{} - room)));
}

std::string because_of_mtp(const TrainResult& a, const TrainResult& b) {
    const auto last = [](const TrainResult& r) { return r.step.costs.stages.back(); };
    return fmt::format(
        "a layer, its joining product and a second pass through head and loss fall away; the last "
        "stage takes {} forward and backward instead of {}",
        ms(last(b).forward + last(b).backward), ms(last(a).forward + last(a).backward));
}

std::string because_of_schedule(const TrainResult& a, const TrainResult& b) {
    return fmt::format(
        "the bubble is {:.2f} s instead of {:.2f} s (closed form {:.2f} against {:.2f}), and {} of "
        "exchanges in each layer are {}; {}",
        b.step.mean.bubble.base(), a.step.mean.bubble.base(), b.step.closed_bubble.base(),
        a.step.closed_bubble.base(), ms(exchanges(b)), b.step.costs.pairs.empty() ? "exposed" : "hidden",
        memory_words(a, b));
}

std::string because_of_recompute(const TrainResult& a, const TrainResult& b) {
    return fmt::format("{}; a rank's kernels do {:.2f} PFLOP a step instead of {:.2f}, and {}",
                       memory_words(a, b), b.step.flop.in(unit::TFLOP) / 1e3,
                       a.step.flop.in(unit::TFLOP) / 1e3, layer_words(a, b));
}

std::string because_of_balance(const TrainResult& a, const TrainResult& b) {
    return fmt::format(
        "the busiest rank's experts get {:.2f} times the mean instead of {:.2f}, and all ranks of a "
        "group wait for it; {:.2f} % of pairs are dropped instead of {:.2f} %; {}",
        b.costs.imbalance.rank, a.costs.imbalance.rank, 100 * b.costs.imbalance.dropped,
        100 * a.costs.imbalance.dropped, layer_words(a, b));
}

std::string because_of_zero(const TrainResult& a, const TrainResult& b) {
    return fmt::format("master weights and moments lie whole on every rank: {:.1f} GB instead of {:.1f}; {}",
                       b.step.memory.optimiser.in(unit::GB), a.step.memory.optimiser.in(unit::GB),
                       memory_words(a, b));
}

constexpr Entry kEntries[] = {
    {"bf16", "BF16 instead of FP8 in every product and in dispatch",
     [](Scenario& s, const DataFiles& d) { s.precision = load_precision(d, "bf16"); }, because_of_precision},
    {"no-overlap", "the all-to-all is not overlapped with compute",
     [](Scenario& s, const DataFiles&) { s.training.overlap = TrainOverlap::none; }, because_of_overlap},
    {"no-node-limit", "a token's experts may lie on any node",
     [](Scenario& s, const DataFiles&) { s.training.node_limit = s.cluster.nodes; }, because_of_nodes},
    {"no-mtp", "no MTP module is trained", [](Scenario& s, const DataFiles&) { s.training.mtp = 0; },
     because_of_mtp},
    {"1f1b", "the 1F1B schedule",
     [](Scenario& s, const DataFiles&) { s.training.schedule = Schedule::one_f_one_b; }, because_of_schedule},
    {"zb1p", "the ZB1P schedule", [](Scenario& s, const DataFiles&) { s.training.schedule = Schedule::zb1p; },
     because_of_schedule},
    {"no-recompute", "everything is kept for the backward pass",
     [](Scenario& s, const DataFiles&) { s.training.recompute = Recompute::none; }, because_of_recompute},
    {"full-recompute", "every layer's forward pass is computed again",
     [](Scenario& s, const DataFiles&) { s.training.recompute = Recompute::full; }, because_of_recompute},
    {"even", "experts are evenly loaded",
     [](Scenario& s, const DataFiles&) { s.training.balance = TrainBalance::even; }, because_of_balance},
    {"unbalanced", "nothing balances the experts",
     [](Scenario& s, const DataFiles&) { s.training.balance = TrainBalance::none; }, because_of_balance},
    {"auxiliary-loss", "Switch's auxiliary loss balances, not the bias",
     [](Scenario& s, const DataFiles&) { s.training.balance = TrainBalance::aux; }, because_of_balance},
    {"drop-tokens", "experts drop tokens beyond 1.25 times their mean",
     [](Scenario& s, const DataFiles&) { s.training.capacity = 1.25; }, because_of_balance},
    {"no-zero", "optimiser state is not cut over ranks",
     [](Scenario& s, const DataFiles&) { s.training.zero = 0; }, because_of_zero},
};

constexpr std::string_view kNodeLimit = "node-limit:";

[[noreturn]] void unknown(const std::string& name) {
    std::string known;
    for (const auto& [each, change] : what_if_names()) known += (known.empty() ? "" : ", ") + each;
    throw SpecError("--what-if " + clipped(name) + ": not known; allowed: " + known);
}

/// "node-limit:3".
int limit_of(const std::string& name) {
    int limit                = 0;
    const char* end          = name.data() + name.size();
    const auto [last, wrong] = std::from_chars(name.data() + kNodeLimit.size(), end, limit);
    if (wrong != std::errc() || last != end || limit < 1 || limit > 1'000'000) unknown(name);
    return limit;
}

WhatIf evaluate(const TrainResult& base, const std::string& name, const std::string& change,
                Scenario scenario, Reason reason, const DataFiles& data) {
    const bool same = scenario.training.balance == base.scenario.training.balance;
    WhatIf out{name, change, train(scenario, data, same ? base.sample : nullptr, Ranges::left_out), {}};
    out.reason = reason(base, out.result);
    return out;
}

double more(const TrainResult& base, const TrainResult& other) {
    return other.step.time / base.step.time - 1;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> what_if_names() {
    std::vector<std::pair<std::string, std::string>> out;
    for (const Entry& e : kEntries) out.emplace_back(e.name, e.change);
    out.emplace_back("node-limit:M", "a token's experts may lie on M nodes");
    return out;
}

WhatIf what_if(const TrainResult& base, const std::string& name, const DataFiles& data) {
    Scenario scenario = base.scenario;
    if (name.starts_with(kNodeLimit)) {
        scenario.training.node_limit = limit_of(name);
        return evaluate(base, name,
                        fmt::format("a token's experts may lie on {} node{}", scenario.training.node_limit,
                                    scenario.training.node_limit == 1 ? "" : "s"),
                        std::move(scenario), because_of_nodes, data);
    }
    for (const Entry& e : kEntries) {
        if (name != e.name) continue;
        e.apply(scenario, data);
        return evaluate(base, name, e.change, std::move(scenario), e.reason, data);
    }
    unknown(name);
}

nlohmann::json to_json(const WhatIf& w, const TrainResult& base) {
    return {{"name", w.name},
            {"change", w.change},
            {"step_s", w.result.step.time.base()},
            {"more", more(base, w.result)},
            {"gpu_hours", w.result.gpu_hours},
            {"usd", w.result.usd},
            {"mfu", w.result.mfu},
            {"fits", w.result.fits()},
            {"layer_period_s", w.result.layer.span.base()},
            {"reason", w.reason}};
}

std::string to_text(const WhatIf& w, const TrainResult& base) {
    return fmt::format(
        "\nWhat if {}: step {:.2f} s, {:+.1f} %; {:.3f} M GPU-hours, {:.3f} M USD\n  Because {}.\n", w.change,
        w.result.step.time.base(), 100 * more(base, w.result), w.result.gpu_hours / 1e6, w.result.usd / 1e6,
        w.reason);
}

}  // namespace isobath
