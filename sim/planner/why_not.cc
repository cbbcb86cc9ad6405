#include "sim/planner/why_not.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "hw/text.h"

namespace isobath {
namespace {

using Wishes = std::map<std::string, std::string>;

constexpr std::string_view kKeys[] = {"mode",      "gpus", "tp",      "dp",          "cp",    "pp",   "ep",
                                      "redundant", "comm", "overlap", "speculation", "batch", "chunk"};

Wishes wishes_of(const std::string& text) {
    Wishes out;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        const std::string one   = text.substr(at, comma - at);
        const std::size_t sign  = one.find('=');
        const std::string key   = one.substr(0, sign);
        if (sign == one.npos || std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys))
            throw SpecError("--why-not " + clipped(one) + ": expected KEY=VALUE; known keys: " +
                            joined({std::begin(kKeys), std::end(kKeys)}));
        out[key] = one.substr(sign + 1);
        at       = comma + 1;
    }
    return out;
}

double number(const std::string& key, const std::string& text) {
    double n              = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (bad != std::errc() || end != text.data() + text.size() || !(n >= 0 && n <= 1e6))
        throw SpecError("--why-not " + key + "=" + clipped(text) + ": need a number from 0 to 1e6");
    return n;
}

void put_numbers(const Wishes& w, PlanLists& lists) {
    const std::pair<const char*, std::vector<double> PlanLists::*> kLists[] = {
        {"gpus", &PlanLists::unit_gpus}, {"tp", &PlanLists::tp},        {"cp", &PlanLists::cp},
        {"pp", &PlanLists::pp},          {"ep", &PlanLists::ep},        {"redundant", &PlanLists::redundant},
        {"chunk", &PlanLists::chunks},   {"batch", &PlanLists::batches}};
    for (const auto& [key, list] : kLists)
        if (const auto found = w.find(key); found != w.end()) lists.*list = {number(key, found->second)};
    const auto or_one = [&](const char* key) {
        const auto found = w.find(key);
        return found == w.end() ? 1.0 : std::max(1.0, number(key, found->second));
    };
    if (w.contains("dp")) lists.unit_gpus = {or_one("tp") * or_one("dp") * or_one("cp") * or_one("pp")};
}

void put_texts(const Wishes& w, PlanLists& lists) {
    const std::pair<const char*, std::vector<std::string> PlanLists::*> kLists[] = {
        {"mode", &PlanLists::modes},
        {"comm", &PlanLists::comms},
        {"overlap", &PlanLists::overlaps},
        {"speculation", &PlanLists::speculations}};
    for (const auto& [key, list] : kLists)
        if (const auto found = w.find(key); found != w.end()) lists.*list = {found->second};
}

std::string reasons(const Tally& t) {
    std::string out;
    for (std::size_t i = 0; i < kExcludedCount; ++i)
        if (t.excluded[i] > 0)
            out += fmt::format("  {:>12.0f}  {:<11}  {}\n", t.excluded[i], name_of(static_cast<Excluded>(i)),
                               reason_of(static_cast<Excluded>(i)));
    if (t.missed_tpot > 0)
        out += fmt::format("  {:>12.0f}  computed, and over the limit per output token\n", t.missed_tpot);
    if (t.missed_ttft > 0)
        out += fmt::format("  {:>12.0f}  computed, and over the limit to the first token\n", t.missed_ttft);
    if (t.missed_size > 0)
        out +=
            fmt::format("  {:>12.0f}  computed: no number of units meets the limits within GPUs and budget\n",
                        t.missed_size);
    return out;
}

}  // namespace

std::string why_not(const PlanAnswer& a, const std::string& text, const DataFiles& data) {
    Scenario s     = a.scenario;
    const Wishes w = wishes_of(text);
    put_numbers(w, s.plan.space);
    put_texts(w, s.plan.space);
    const PlanSearch found = search_plans(s, data);
    std::string out        = fmt::format("{}: {:.0f} candidates\n", text, found.tally.considered);
    if (found.records.empty()) return out + "None is within the limits:\n" + reasons(found.tally);
    const PlanRecord& r = found.records.front();
    out += fmt::format(
        "Within the limits; the best of them: {}\n  {:.1f} tokens/s/GPU, TPOT {:.2f} ms, TTFT "
        "{:.0f} ms, {} GPUs, {:.2f} USD/h\n",
        words_of(found, r), r.tokens_per_s / r.gpus, r.tpot * 1e3, r.ttft * 1e3, r.gpus, r.usd);
    if (a.best)
        out += fmt::format("The answer's objective is better by {:.2f} %: {}\n",
                           100 * (r.objective - a.best->objective) / std::abs(a.best->objective),
                           words_of(a.search, *a.best));
    return out;
}

}  // namespace isobath
