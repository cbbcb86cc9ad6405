#include <nlohmann/json.hpp>

#include "sim/balance/balance_tables.h"
#include "sim/cli/flags.h"
#include "sim/cli/numbers.h"

namespace isobath::cli {
namespace {

void require_beside(const Flags& flags, const char* with, std::initializer_list<const char*> parts) {
    for (const char* part : parts)
        if (flags.has(part) && !flags.has(with))
            throw SpecError(std::string("--") + part + ": goes with --" + with);
}

void add_drift(const Flags& flags, const DataFiles& data, Balance& b) {
    require_beside(flags, "drift-to", {"drift", "interval", "window"});
    if (!flags.has("drift-to")) return;
    const DriftSpec spec{.drift    = duration("drift", flags.text("drift", "30min")),
                         .interval = duration("interval", flags.text("interval", "10min")),
                         .window   = duration("window", flags.text("window", "0s"))};
    const ExpertLoad to =
        load_other(flags.word("SCENARIO"), data, flags.set(), flags.text("drift-to"), "drift-to");
    b.drift     = drift_of(b.of.scenario, to, spec, data);
    b.drift->to = flags.text("drift-to");
}

void add_training(const Flags& flags, Balance& b) {
    require_beside(flags, "training", {"steps", "method", "drop"});
    if (!flags.has("training")) return;
    const int steps       = whole("steps", flags.text("steps", "100"), 100'000);
    const double capacity = flags.has("drop") ? number("drop", flags.text("drop"), 1, 1000) : 0;
    std::vector<std::string> methods{"none", "aux", "bias", "sequence"};
    if (flags.has("method")) methods = {flags.text("method")};
    for (const std::string& method : methods)
        b.training.push_back(train_router(b.of.scenario, method, steps, capacity));
}

Flags declared() {
    Flags flags(
        "balance SCENARIO",
        "How uneven the experts are, on each layer and GPU, and what placement and redundant experts\n"
        "do about it: balance in tokens and in time, throughput, memory and the network's ports.\n"
        "A load is a preset's workload (deepseek-v3:prefill_in4096), a law (lognormal:0.7, zipf:0.8,\n"
        "dirichlet:2, uniform) or a file of counts (.json, .csv). Where experts are all alike in the\n"
        "scenario, the preset deepseek-v3 stands in.",
        "isobath balance deepseek-v3-prefill-ep32-h100 --load deepseek-v3:prefill_in4096 "
        "--planned-on deepseek-v3:decode_in1000out1000");
    flags.positional("SCENARIO").common().overrides();
    flags.value("load", "LOAD", "how often experts are chosen: sets routing.popularity")
        .value("planned-on", "LOAD", "the load that placements are planned on: sets routing.planned_on")
        .value("placement", "NAME", "none, eplb, replicate or ideal: sets routing.placement")
        .value("drift-to", "LOAD", "let the load pass to this one while EPLB follows")
        .value("drift", "TIME", "in which it passes, such as 30min (the default)")
        .value("interval", "TIME", "between plans (10min)")
        .value("window", "TIME", "over which a plan's load is counted (0s: known at once)")
        .option("training", "balance of the router while it is trained")
        .value("steps", "N", "training steps (100)")
        .value("method", "NAME", "none, aux, bias or sequence; left out: all four")
        .value("drop", "CAPACITY", "drop what exceeds CAPACITY times an expert's mean load")
        .value("svg", "FILE", "draw what was found")
        .values("figure", "NAME",
                "of --svg: experts, before, after, layers, slots, drift, training, dropped; left out: all")
        .value("html", "FILE", "write pictures and tables as one page");
    return flags;
}

}  // namespace

int command_balance(const Call& call) {
    Flags flags = declared();
    if (!flags.parse(call)) return kDone;
    require_beside(flags, "svg", {"figure"});
    const DataFiles data = flags.data();
    const RoutingAsk ask{flags.text("load"), flags.text("planned-on"), flags.text("placement")};
    Balance b = balance_of(load_balance_scenario(flags.word("SCENARIO"), data, flags.set(), ask), data);
    add_drift(flags, data, b);
    add_training(flags, b);
    if (flags.has("svg")) write_file(flags.text("svg"), to_svg(b, flags.list("figure")));
    if (flags.has("html")) write_file(flags.text("html"), to_html(b));
    write_out(
        call, flags,
        flags.has("json") ? to_json(b).dump(2) + "\n" : to_text(b, call.colour && !flags.has("output")));
    return kDone;
}

}  // namespace isobath::cli
