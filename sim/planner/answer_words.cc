// Deployments in words, and an answer as text.
#include <algorithm>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "sim/planner/answer.h"
#include "sim/scenario_fields.h"

namespace isobath {
namespace {

std::string_view word(const char* field, int value) {
    return find_field(field)->choices[static_cast<std::size_t>(value)];
}

std::string group(const PlanSearch& s, int count, const char* what, int cluster, int layout) {
    const ClusterChoice& c  = s.space.clusters[static_cast<std::size_t>(cluster)];
    const UnitLayout& u     = c.layouts[static_cast<std::size_t>(layout)];
    const std::string where = s.space.clusters.size() > 1 ? " on " + c.title : "";
    return fmt::format("{} {}{} of {}{}", count, what, count == 1 ? "" : "s", words_of(u), where);
}

std::string count_text(double n) {
    std::string digits = fmt::format("{:.0f}", n);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), ",");
    return digits;
}

std::string accounting(const Tally& t) {
    std::string out = fmt::format(
        "{} candidates: {} evaluated, {} paired from {} prefill units and {} decode points; not computed:\n",
        count_text(t.considered), count_text(t.evaluated), count_text(t.paired), count_text(t.prefill_points),
        count_text(t.decode_points));
    for (std::size_t i = 0; i < kExcludedCount; ++i)
        if (t.excluded[i] > 0)
            out += fmt::format("  {:>13}  {:<11}  {}\n", count_text(t.excluded[i]),
                               name_of(static_cast<Excluded>(i)), reason_of(static_cast<Excluded>(i)));
    if (t.missed_tpot + t.missed_ttft + t.missed_size > 0)
        out += fmt::format(
            "Of those computed, {} are too slow a token, {} too slow to the first one, {} too "
            "many GPUs or USD.\n",
            count_text(t.missed_tpot), count_text(t.missed_ttft), count_text(t.missed_size));
    return out;
}

std::string row(const PlanRecord& r) {
    return fmt::format("{:>5} {:>11.1f} {:>11.1f} {:>9.2f} {:>9.0f} {:>8.2f} {:>7.2f}", r.gpus,
                       r.tokens_per_s / r.gpus, 1 / r.tpot, r.tpot * 1e3, r.ttft * 1e3, r.usd,
                       r.usd_per_rate / 3600 * 1e6);
}

std::string table(const PlanSearch& s, const std::vector<PlanRecord>& records, std::size_t most) {
    std::string out = fmt::format("{:>5} {:>11} {:>11} {:>9} {:>9} {:>8} {:>7}\n", "GPUs", "tok/s/GPU",
                                  "tok/s/user", "TPOT ms", "TTFT ms", "USD/h", "USD/M");
    for (std::size_t i = 0; i < std::min(most, records.size()); ++i)
        out += row(records[i]) + "  " + words_of(s, records[i]) + "\n";
    return out;
}

std::string why(const PlanAnswer& a) {
    std::string out = "What it uses of its limits: ";
    for (std::size_t i = 0; i < a.limits.size(); ++i)
        out += fmt::format("{}{} {:.0f} % ({}){}", i ? "; " : "", a.limits[i].limit, 100 * a.limits[i].used,
                           a.limits[i].what, a.limits[i].binds ? ", binds" : "");
    out += "\n\nThe best plan that differs in one thing:\n";
    for (const RunnerUp& r : a.runners_up)
        out += fmt::format("  {:<18} {:<28} {:>6.1f} % worse   {}\n", r.dimension, r.value, 100 * r.loss,
                           words_of(a.search, r.record));
    return out;
}

std::string levers(const PlanAnswer& a) {
    if (a.levers.empty()) return "";
    std::string out =
        fmt::format("\nWhat moves it, one thing at a time:\n  {:<34} {:>9} {:>22} {:>22} {:>22}\n", "",
                    "swing", "TPOT ms", "TTFT ms", "tokens/s");
    for (const Lever& l : a.levers)
        out += fmt::format(
            "  {:<34} {:>7.1f} % {:>10.2f} to {:>8.2f} {:>10.0f} to {:>8.0f} {:>10.0f} to {:>8.0f}\n", l.name,
            100 * l.swing, l.low.tpot * 1e3, l.high.tpot * 1e3, l.low.ttft * 1e3, l.high.ttft * 1e3,
            l.low.tokens_per_s, l.high.tokens_per_s);
    return out;
}

std::string confirmed(const PlanAnswer& a) {
    if (a.confirmed.empty()) return "";
    std::string out =
        "\nServed request by request:\n   TPOT mean, p90 ms    TTFT mean, p90 ms  tokens/s  SLO\n";
    for (const Confirmation& c : a.confirmed)
        out += fmt::format("  {:>8.2f} {:>8.2f}   {:>8.0f} {:>8.0f}   {:>8.0f}  {}  {}\n", c.tpot_mean * 1e3,
                           c.tpot_p90 * 1e3, c.ttft_mean * 1e3, c.ttft_p90 * 1e3, c.tokens_per_s,
                           c.meets_slo ? "met   " : "missed", words_of(a.search, c.record));
    return out;
}

/// For the scenario's own engine, which stands first; the others are in the JSON.
std::string launches(const PlanAnswer& a) {
    std::string out;
    for (const UnitLaunch& l : a.launches) {
        if (l.engine != a.launches.front().engine) continue;
        out += fmt::format("\n{} unit, {}:\n{}", l.unit, l.engine, l.text);
        for (const std::string& what : l.unsaid) out += "  no option says: " + what + "\n";
    }
    return out;
}

std::string risk(const PlanAnswer& a) {
    if (a.risks.empty()) return "";
    const FamilyRisk& r = a.risks.front();
    if (r.chance_if_known - a.confidence < 0.005)
        return "No family of kernels alone would make the SLO surer: the engine's own spread weighs most.\n";
    return fmt::format("Most would be gained by measuring {}: {:.0f} % instead of {:.0f} %.\n", r.family,
                       100 * r.chance_if_known, 100 * a.confidence);
}

std::string next_node(const PlanAnswer& a) {
    if (a.capacities.empty()) return "";
    std::string out = "\nThe most that GPUs carry within the limits:\n";
    for (const Capacity& c : a.capacities)
        out += c.words.empty()
                   ? fmt::format("  {:>5} GPUs  nothing\n", c.gpus)
                   : fmt::format("  {:>5} GPUs  {:>9.0f} tokens/s  {:>7.0f} clients  {:>8.2f} USD/h  {}\n",
                                 c.gpus, c.tokens_per_s, c.clients, c.usd, c.words);
    return out;
}

std::string outcome(const PlanAnswer& a) {
    if (!a.best && !a.search.records.empty())
        return fmt::format("No plan meets the SLO with a chance of {:g} %.\n",
                           100 * a.scenario.plan.confidence);
    if (!a.best) {
        std::string out = "No plan meets the SLO within the limits.\n";
        if (a.nearest) out += "The nearest miss:\n" + table(a.search, {*a.nearest}, 1);
        return out;
    }
    const PlanRecord& r = *a.best;
    std::string out     = fmt::format("Best: {}\n", words_of(a.search, r));
    out += table(a.search, {r}, 1);
    out += fmt::format("      {} clients in flight, {:.0f} output tokens/s, {:.1f} kW by data sheet\n",
                       count_text(std::floor(r.clients)), r.tokens_per_s, r.watts / 1000);
    if (a.tpot)
        out += fmt::format(
            "      TPOT {:.2f} ms ({:.2f} to {:.2f}), TTFT {:.0f} ms ({:.0f} to {:.0f}): means, 80 % "
            "intervals;\n      within both limits with a chance of {:.0f} %\n",
            a.tpot->time.in(unit::ms), a.tpot->low.in(unit::ms), a.tpot->high.in(unit::ms),
            a.ttft->time.in(unit::ms), a.ttft->low.in(unit::ms), a.ttft->high.in(unit::ms),
            100 * a.confidence);
    return out + risk(a) + confirmed(a) + "\n" + why(a) + levers(a) + next_node(a) + launches(a);
}

}  // namespace

std::string words_of(const UnitLayout& u) {
    const Layout& l = u.layout;
    std::string out = fmt::format("{} GPUs (tp {}, dp {}", u.gpus, l.attention_tp, l.attention_dp);
    if (l.attention_cp > 1) out += fmt::format(", cp {}", l.attention_cp);
    if (l.pp > 1) out += fmt::format(", pp {}", l.pp);
    out += fmt::format(", ep {}", l.ep);
    if (l.expert_tp > 1) out += fmt::format(" x tp {}", l.expert_tp);
    if (l.redundant > 0) out += fmt::format(", {} redundant", l.redundant);
    out += fmt::format(", {}", word("/layout/comm", static_cast<int>(l.comm)));
    if (l.overlap != Overlap::none)
        out += fmt::format(", {}", word("/layout/overlap", static_cast<int>(l.overlap)));
    return out + ")";
}

std::string words_of(const PlanSearch& s, const PlanRecord& r) {
    std::string out = r.split() ? group(s, r.prefills, "prefill unit", r.prefill_cluster, r.prefill_layout) +
                                      " + " + group(s, r.decodes, "decode unit", r.cluster, r.layout)
                                : group(s, r.decodes, "unit", r.cluster, r.layout);
    if (s.question.spare > 0) out += fmt::format(", {} spare of each", s.question.spare);
    if (s.space.precisions.size() > 1) {
        const auto p = nlohmann::json::parse(s.space.precisions[static_cast<std::size_t>(r.precision)]);
        out += "; " + (p.is_string() ? p.get<std::string>() : p.dump());
    }
    out += "; " + s.space.speculations[static_cast<std::size_t>(r.speculation)].text;
    out += fmt::format("; {:g} a rank", s.space.batches[static_cast<std::size_t>(r.batch)]);
    if (r.chunk >= 0) out += fmt::format("; chunk {:g}", s.space.chunks[static_cast<std::size_t>(r.chunk)]);
    return out;
}

std::string to_text(const PlanAnswer& a, int top) {
    std::string out = a.scenario.name + "\n\n" + outcome(a);
    if (a.best && top > 1)
        out += "\nThe best plans:\n" + table(a.search, a.search.records, static_cast<std::size_t>(top));
    if (!a.pareto.empty())
        out += "\nPareto front, speed for a user against GPUs and cost:\n" +
               table(a.search, a.pareto, a.pareto.size());
    out += "\n" + accounting(a.search.tally);
    return out + "Means stand against limits that are meant for the ninth decile.\n";
}

}  // namespace isobath
