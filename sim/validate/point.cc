#include "sim/validate/point.h"

#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

ValidationPoint read_point(SpecReader& in) {
    ValidationPoint p;
    p.id            = in.text("id");
    p.level         = in.text("level");
    p.gpu           = in.text("gpu", "");
    p.what          = in.text("what");
    p.conditions    = in.text("conditions", "");
    p.unit          = in.text("unit");
    p.source        = in.text("source");
    p.value         = in.number("value", -1e300);
    p.reading_error = in.number_or("reading_error", 0);
    p.used_in_fit   = in.flag_or("used_in_fit", false);
    p.predict       = std::make_shared<nlohmann::json>(in.raw("predict"));
    return p;
}

}  // namespace

std::vector<Override> overrides_of(const nlohmann::json& set) {
    std::vector<Override> out;
    for (const auto& [path, value] : set.items())
        out.push_back({path, value.dump(), "validation point " + path});
    return out;
}

std::vector<ValidationPoint> load_points(const DataFiles& data) {
    std::vector<ValidationPoint> points;
    for (const std::string& name : data.names("tests/validation")) {
        const std::string path    = "tests/validation/" + name + ".json";
        const nlohmann::json json = parse_json(*data.find(path), data.shown(path));
        SpecReader in(json, data.shown(path));
        in.ignore("title");
        in.each("points", [&](SpecReader& point) { points.push_back(read_point(point)); });
        in.finish();
    }
    return points;
}

}  // namespace isobath
