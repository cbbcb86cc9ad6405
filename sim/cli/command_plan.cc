#include <charconv>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/text.h"
#include "sim/cli/flags.h"
#include "sim/planner/answer.h"
#include "sim/planner/confirm.h"
#include "sim/planner/why_not.h"
#include "sim/plot/svg.h"

namespace isobath::cli {
namespace {

int count_of(const Flags& flags, const char* name, const char* otherwise) {
    const std::string word = flags.text(name, otherwise);
    int n                  = 0;
    const auto [end, bad]  = std::from_chars(word.data(), word.data() + word.size(), n);
    if (bad != std::errc() || end != word.data() + word.size() || n < 1)
        throw SpecError(fmt::format("--{} ", name) + clipped(word) + ": need a whole number above 0");
    return n;
}

/// --objective and --confidence are short for fields of the scenario, and are read as these.
std::vector<Override> asked(const Flags& flags) {
    std::vector<Override> out = flags.set();
    for (const char* name : {"objective", "confidence"}) {
        if (!flags.has(name)) continue;
        Override o = parse_override(fmt::format("plan.{}={}", name, flags.text(name)));
        o.shown    = fmt::format("--{} {}", name, clipped(flags.text(name)));
        out.push_back(o);
    }
    return out;
}

}  // namespace

int command_plan(const Call& call) {
    Flags flags(
        "plan SCENARIO",
        "The best deployment for a serve scenario's load and SLO: cluster, layout, precision, "
        "speculation, batch and chunk,\naggregated or with prefill and decode apart. Every candidate "
        "is evaluated, paired from evaluated units, or left out\nfor a stated reason. Exit code 3 if no "
        "plan meets the limits; then the nearest miss is shown.",
        "isobath plan plan-v3-32-h200 --top 5");
    flags.positional("SCENARIO").common().overrides();
    flags.value("objective", "WHAT", "cost, gpus, throughput, latency or energy; else the scenario's");
    flags.value("confidence", "P", "the best plan whose chance to stay within the limits is at least P");
    flags.value("top", "N", "list the N best plans (default 10)");
    flags.value("why-not", "PLAN",
                "why a plan is not the best: \"tp=8,ep=16,gpus=16,batch=32\"; also dp, cp, pp, redundant, "
                "comm, overlap, speculation, mode");
    flags.option("brief", "only the search: no sensitivity, no look at one node more or less");
    flags.value("confirm", "N", "serve the N best plans request by request and tell their percentiles");
    flags.value("svg", "FILE", "draw the Pareto front");
    if (!flags.parse(call)) return kDone;
    const int top           = count_of(flags, "top", "10");
    const DataFiles data    = flags.data();
    const Scenario scenario = load_scenario(flags.word("SCENARIO"), data, asked(flags));
    PlanAnswer answer =
        plan(scenario, data,
             flags.has("brief") || flags.has("why-not") ? PlanDepth::winner : PlanDepth::everything);
    if (flags.has("confirm")) answer.confirmed = confirm(answer, count_of(flags, "confirm", "1"), data);
    if (flags.has("svg")) write_file(flags.text("svg"), plot::to_svg(figure_of(answer)));
    std::string text = flags.has("json") ? to_json(answer).dump(2) + "\n" : to_text(answer, top);
    if (flags.has("why-not")) text = why_not(answer, flags.text("why-not"), data);
    write_out(call, flags, text);
    return answer.best ? kDone : kNoFit;
}

}  // namespace isobath::cli
