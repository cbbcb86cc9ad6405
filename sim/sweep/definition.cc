// The definition of a sweep beside its parts: all that makes its points, so that no file need stay as it was.
#include <fstream>
#include <nlohmann/json.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include "hw/text.h"
#include "sim/sweep/parts.h"
#include "sim/sweep/version.h"

namespace isobath::sweep {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kFile = "sweep.json";

json json_of(const std::vector<Override>& overrides) {
    json out = json::array();
    for (const Override& o : overrides) out.push_back({o.path, o.value, o.shown});
    return out;
}

std::vector<Override> overrides_of(const json& list) {
    std::vector<Override> out;
    for (const json& one : list) out.push_back({one.at(0), one.at(1), one.at(2)});
    return out;
}

Sweep sweep_of(const json& doc, const DataFiles& data) {
    const json &sweep = doc.at("sweep"), &scenario = doc.at("scenario");
    return read_sweep(sweep.at("text"), sweep.at("shown"), data, overrides_of(doc.at("set")),
                      ScenarioText{scenario.at("shown"), scenario.at("text")});
}

}  // namespace

void write_definition(const Sweep& s, const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    const json out{{"isobath", version()},
                   {"sweep", {{"shown", s.shown}, {"text", s.text}}},
                   {"scenario", {{"shown", s.scenario_shown}, {"text", s.scenario_text}}},
                   {"set", json_of(s.asked)}};
    // Through a neighbour of its own: several processes may begin at once.
    const fs::path part = folder / fmt::format("{}.{}.part", kFile, getpid());
    std::ofstream(part, std::ios::binary) << out.dump(1) << "\n";
    fs::rename(part, folder / kFile, error);
    if (error) throw SpecError(clipped((folder / kFile).string(), 400) + ": cannot write");
}

Sweep read_definition(const fs::path& folder, const DataFiles& data) {
    std::error_code none;
    const fs::path file = folder / kFile;
    if (!fs::exists(file, none))
        throw SpecError(clipped(folder.string(), 400) +
                        ": holds no sweep; expected the folder that isobath sweep --parts names");
    const json doc          = read_json(file);
    const std::string shown = clipped(file.string(), 400);
    try {
        if (const std::string made_by = doc.at("isobath"); made_by != version())
            throw SpecError(
                fmt::format("{}: results of isobath {}, and this is {}: sweep again into another folder",
                            shown, clipped(made_by), version()));
        return sweep_of(doc, data);
    } catch (const json::exception& e) {
        throw SpecError(shown + ": not a sweep's definition: " + clipped(e.what()));
    }
}

}  // namespace isobath::sweep
