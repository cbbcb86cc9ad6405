#include <nlohmann/json.hpp>

#include "sim/cli/flags.h"
#include "sim/schema.h"

namespace isobath::cli {

int command_schema(const Call& call) {
    Flags flags(
        "schema",
        "Prints the JSON Schema of scenario files: every field, its type, its choices and its meaning.",
        "isobath schema -o scenario.schema.json");
    flags.common();
    if (!flags.parse(call)) return kDone;
    write_out(call, flags, scenario_schema().dump(2) + "\n");
    return kDone;
}

}  // namespace isobath::cli
