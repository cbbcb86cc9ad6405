#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "sim/cli/flags.h"
#include "sim/explain/explain.h"

namespace isobath::cli {

int command_explain(const Call& call) {
    Flags flags("explain SCENARIO [OP]",
                "Says where a number of a step comes from: its equation, every input with its source, the "
                "steps between\n"
                "and the 80 % interval. Without OP, lists what can be explained. SCENARIO is a file or a "
                "built-in name.",
                "isobath explain deepseek-v3-decode-ep128-h800 o");
    flags.positional("SCENARIO").positional("OP").common().overrides();
    if (!flags.parse(call)) return kDone;
    const DataFiles data = flags.data();
    const Study study(load_scenario(flags.word("SCENARIO"), data, flags.set()), data);
    const bool colour = call.colour && !flags.has("output"), json = flags.has("json");
    if (!flags.has("OP")) {
        const std::string text =
            topics_text(study, colour) + "\nisobath explain SCENARIO OP explains one of them.\n";
        write_out(call, flags, json ? topics_json(study).dump(2) + "\n" : text);
        return kDone;
    }
    const Explanation e = explain(study, flags.word("OP"));
    write_out(call, flags, json ? to_json(e).dump(2) + "\n" : to_text(e, colour));
    return kDone;
}

}  // namespace isobath::cli
