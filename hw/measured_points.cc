#include "hw/measured_points.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace isobath {
namespace {

using Json = nlohmann::ordered_json;

/// Nine digits, as of a calibration's constants.
double digits(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    return std::stod(text);
}

bool fine(const nlohmann::json& row) {
    if (!row.is_array() || row.size() != 5) return false;
    for (const nlohmann::json& number : row)
        if (!number.is_number() || number.get<double>() < 0 || number.get<double>() > 1e12) return false;
    return row[0].get<double>() < 1e9 && row[1].get<double>() < 1e9 && row[2].get<double>() > 0 &&
           row[3].get<double>() > 0 && row[4].get<double>() > 0;
}

}  // namespace

MeasuredPoints read_points(SpecReader in) {
    MeasuredPoints out;
    out.factor                 = in.number("factor", 1, 100);
    const nlohmann::json& rows = in.raw("points");
    if (!rows.is_array() || rows.size() > 100'000) in.fail("points", "expected at most 100,000 rows");
    for (const nlohmann::json& row : rows) {
        if (!fine(row)) in.fail("points", "expected rows [site, site, x, y, us], the last three above 0");
        out.points.push_back({{row[0].get<int>(), row[1].get<int>()},
                              row[2].get<double>(),
                              row[3].get<double>(),
                              row[4].get<double>() * unit::us});
    }
    in.finish();
    return out;
}

Json to_json(const MeasuredPoints& points) {
    Json out{{"factor", digits(points.factor)}, {"points", Json::array()}};
    for (const MeasuredPoint& p : points.points)
        out["points"].push_back({p.site[0], p.site[1], p.x, p.y, digits(p.time.in(unit::us))});
    return out;
}

}  // namespace isobath
