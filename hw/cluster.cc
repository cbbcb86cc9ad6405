#include "hw/cluster.h"

#include <nlohmann/json.hpp>

namespace isobath {

NicSpec read_nic(const nlohmann::json& json, const std::string& name, const std::string& file) {
    SpecReader in(json, file);
    NicSpec nic;
    nic.name = name;
    in.ignore("title");
    nic.bandwidth = in.quantity<BytesPerSecond>("bandwidth");
    nic.latency   = in.quantity<Seconds>("latency");
    nic.source    = in.text("source");
    in.finish();
    return nic;
}

NicSpec load_nic(const DataFiles& data, const std::string& name) {
    const nlohmann::json json = load_preset(data, "scenarios/nics", name, "nic", "/");
    return read_nic(json, name, data.shown("scenarios/nics/" + name + ".json"));
}

}  // namespace isobath
