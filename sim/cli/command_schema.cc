#include <algorithm>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/text.h"
#include "sim/cli/flags.h"
#include "sim/schema.h"

namespace isobath::cli {
namespace {

constexpr const char* kFolder = "scenarios/schema";

[[noreturn]] void unknown(const DataFiles& data, const std::string& name) {
    const std::vector<std::string> names = data.names(kFolder);
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string_view near = nearest(name, known);
    throw SpecError(fmt::format("isobath schema: no schema \"{}\"; {}known: {}", clipped(name),
                                near.empty() ? "" : fmt::format("did you mean \"{}\"? ", near),
                                joined(known)));
}

std::string schema_text(const DataFiles& data, const std::string& name) {
    // Made from the fields that the reader knows, whatever a file says.
    if (name == "scenario") return scenario_schema().dump(2) + "\n";
    const std::vector<std::string> names = data.names(kFolder);
    if (std::find(names.begin(), names.end(), name) == names.end()) unknown(data, name);
    return *data.find(fmt::format("{}/{}.json", kFolder, name));
}

}  // namespace

int command_schema(const Call& call) {
    Flags flags(
        "schema [NAME]",
        "Prints a JSON Schema: every key, its type, its unit and its meaning. NAME is scenario (what "
        "may stand in a\n"
        "scenario file; the default), sweep (in a sweep file), or the command whose --json it "
        "describes: run,\nvalidate, explain, compare, curve, serve, plan, numerics, train, sweep-result.",
        "isobath schema run");
    flags.positional("NAME").common();
    if (!flags.parse(call)) return kDone;
    write_out(call, flags, schema_text(flags.data(), flags.has("NAME") ? flags.word("NAME") : "scenario"));
    return kDone;
}

}  // namespace isobath::cli
