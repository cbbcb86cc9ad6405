#include "hw/contention.h"

#include <nlohmann/json.hpp>

namespace isobath {

ContentionConstants load_contention(const DataFiles& data) {
    const std::string path    = "hw/calibrations/contention/contention.json";
    const nlohmann::json json = load_preset(data, "hw/calibrations/contention", "contention", path, "");
    SpecReader in(json, data.shown(path));
    in.integer("schema", 1, 1);
    in.ignore("title");
    ContentionConstants c{read_figure(in, "comm_under_compute"), read_figure(in, "compute_under_comm"),
                          read_quantity_figure<Seconds>(in, "notify"), read_figure(in, "rank_skew")};
    in.finish();
    return c;
}

}  // namespace isobath
