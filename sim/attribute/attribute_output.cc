#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/text.h"
#include "sim/attribute/attribute.h"

namespace isobath {
namespace {

constexpr std::size_t kShown = 15;

}  // namespace

std::string to_text(const Attribution& a) {
    std::string out = fmt::format("{}: {} step{}{}; {:.1f}% of the recorded time is matched\n\n", a.scenario,
                                  a.steps, a.steps == 1 ? "" : "s",
                                  a.steps_counted ? " by the number of runs" : "", 100 * a.matched_share);
    out += fmt::format("{:<20} {:>8} {:>12} {:>12} {:>7} {:>7}  {}\n", "operation", "per step", "predicted",
                       "measured", "ratio", "share", "kernel");
    for (const MatchedOp& op : a.ops)
        out +=
            fmt::format("{:<20} {:>8.4g} {:>12} {:>12} {:>7.2f} {:>6.1f}%  {}\n", op.op, op.per_step,
                        to_string(op.predicted.time), to_string(op.measured), op.measured / op.predicted.time,
                        100 * op.share, clipped(op.launch.launch.name, 50));
    if (!a.unmatched.empty())
        out += fmt::format("\nunmatched, {:.1f}% of the time:\n", 100 * (1 - a.matched_share));
    for (std::size_t i = 0; i < std::min(kShown, a.unmatched.size()); ++i) {
        const UnmatchedLaunch& each = a.unmatched[i];
        out += fmt::format("  {:>5.1f}%  {:>6.4g} x {:>10}  {:<16} {} ({})\n", 100 * each.share,
                           each.launch.per_step, to_string(each.launch.times.histogram.median()),
                           each.launch.what.kind, clipped(each.launch.launch.name, 50), each.reason);
    }
    if (a.unmatched.size() > kShown) out += fmt::format("  and {} more\n", a.unmatched.size() - kShown);
    if (a.missing.empty()) return out;
    std::vector<std::string_view> names(a.missing.begin(), a.missing.end());
    return out + "\noperations without a kernel: " + joined(names) + "\n";
}

nlohmann::ordered_json to_json(const Attribution& a) {
    auto ops = nlohmann::ordered_json::array(), unmatched = nlohmann::ordered_json::array();
    for (const MatchedOp& op : a.ops)
        ops.push_back({{"op", op.op},
                       {"layer_kind", op.layer_kind},
                       {"per_step", op.per_step},
                       {"predicted_s", op.predicted.time.base()},
                       {"low_s", op.predicted.low.base()},
                       {"high_s", op.predicted.high.base()},
                       {"measured_s", op.measured.base()},
                       {"share", op.share},
                       {"kernel", op.launch.launch.name},
                       {"grid", op.launch.launch.grid},
                       {"block", op.launch.launch.block}});
    for (const UnmatchedLaunch& each : a.unmatched)
        unmatched.push_back({{"kernel", each.launch.launch.name},
                             {"class", each.launch.what.kind},
                             {"per_step", each.launch.per_step},
                             {"median_s", each.launch.times.histogram.median().base()},
                             {"share", each.share},
                             {"reason", each.reason}});
    return {{"scenario", a.scenario},
            {"steps", a.steps},
            {"steps_counted", a.steps_counted},
            {"matched_share", a.matched_share},
            {"ops", ops},
            {"unmatched", unmatched},
            {"missing", a.missing}};
}

}  // namespace isobath
