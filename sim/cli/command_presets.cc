#include <nlohmann/json.hpp>
#include <ostream>

#include <fmt/format.h>

#include "hw/text.h"
#include "sim/cli/flags.h"

namespace isobath::cli {
namespace {

constexpr struct {
    std::string_view kind, folder;
} kFolders[] = {{"models", "scenarios/models"},
                {"gpus", "scenarios/gpus"},
                {"nics", "scenarios/nics"},
                {"clusters", "scenarios/clusters"},
                {"precisions", "scenarios/precisions"},
                {"engines", "scenarios/engines"},
                {"comm", "scenarios/comm"},
                {"loads", "scenarios/loads"},
                {"acceptance", "scenarios/acceptance"},
                {"scenarios", "scenarios"}};

int list(const Call& call, const Flags& flags, const DataFiles& data) {
    nlohmann::json all;
    std::string text;
    for (const auto& [kind, folder] : kFolders) {
        const std::vector<std::string> names = data.names(std::string(folder));
        all[std::string(kind)]               = names;
        text += fmt::format("{:<12} {}\n", kind, fmt::join(names, " "));
    }
    write_out(call, flags, flags.has("json") ? all.dump(2) + "\n" : text);
    return kDone;
}

int show(const Call& call, const Flags& flags, const DataFiles& data, const std::string& name) {
    std::vector<std::string> every;
    for (const auto& [kind, folder] : kFolders) {
        for (const std::string& one : data.names(std::string(folder))) every.push_back(one);
        if (const auto text = data.find(fmt::format("{}/{}.json", folder, name)))
            return write_out(call, flags, *text), kDone;
    }
    const std::vector<std::string_view> known(every.begin(), every.end());
    const std::string_view near = nearest(name, known);
    throw SpecError(
        fmt::format("isobath presets: no preset \"{}\"; {}", clipped(name),
                    near.empty() ? "isobath presets lists them" : fmt::format("did you mean \"{}\"?", near)));
}

}  // namespace

int command_presets(const Call& call) {
    Flags flags("presets [NAME]",
                "Lists the presets that scenarios can name, or prints one with the source of each figure.",
                "isobath presets h800");
    flags.positional("NAME").common();
    if (!flags.parse(call)) return kDone;
    const DataFiles data = flags.data();
    return flags.has("NAME") ? show(call, flags, data, flags.word("NAME")) : list(call, flags, data);
}

}  // namespace isobath::cli
