#include <charconv>
#include <nlohmann/json.hpp>

#include "hw/text.h"
#include "sim/cli/flags.h"
#include "sim/curve/curve.h"
#include "sim/plot/svg.h"

namespace isobath::cli {
namespace {

std::vector<double> numbers(const std::vector<std::string>& words) {
    std::vector<double> out;
    for (const std::string& word : words) {
        double n                = 0;
        const auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), n);
        if (wrong != std::errc() || end != word.data() + word.size() || !(n > 0 && n <= 1e9))
            throw SpecError("--concurrency " + clipped(word) + ": need a number above 0, up to 1e9");
        out.push_back(n);
    }
    return out;
}

}  // namespace

int command_curve(const Call& call) {
    Flags flags(
        "curve SCENARIO",
        "Tokens per second for each user against tokens per second for each GPU, as more clients come:\n"
        "with 80 % intervals, the knee, and the last point within the scenario's SLO.",
        "isobath curve deepseek-r1-serve-tp8-h200");
    flags.positional("SCENARIO").common().overrides();
    flags.values("concurrency", "N", "numbers of clients; left out: powers of two until the cache is full");
    flags.value("svg", "FILE", "draw the curve");
    if (!flags.parse(call)) return kDone;
    const DataFiles data    = flags.data();
    const Scenario scenario = load_scenario(flags.word("SCENARIO"), data, flags.set());
    const Curve curve       = curve_of(scenario, data, numbers(flags.list("concurrency")));
    if (flags.has("svg")) write_file(flags.text("svg"), plot::to_svg(figure_of(curve)));
    write_out(call, flags,
              flags.has("json") ? to_json(curve).dump(2) + "\n"
                                : to_text(curve, call.colour && !flags.has("output")));
    return kDone;
}

}  // namespace isobath::cli
