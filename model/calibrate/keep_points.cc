#include "model/calibrate/keep_points.h"

#include "model/calibrate/fit_calibration.h"
#include "model/measured_grid.h"

namespace isobath {
namespace {

MeasuredPoints points_of(std::span<const KernelTable> tables, const std::string& family,
                         const std::string& implementation) {
    MeasuredPoints out;
    for (const KernelTable& table : tables) {
        if (table.implementation != implementation || family_of(table.kernel) != family) continue;
        for (const KernelSample& row : table.samples)
            if (const auto at = grid_place(row.op))
                out.points.push_back({{at->site_a, at->site_b}, at->x, at->y, row.time});
    }
    out.factor = neighbour_factor(out.points);
    return out;
}

}  // namespace

void keep_points(Calibration& calibration, std::span<const KernelTable> tables) {
    each_family(calibration, [&](const char* key, auto& family) {
        for (auto& each : family.implementations) {
            MeasuredPoints points = points_of(tables, key, each.name);
            if (!points.points.empty()) each.points = std::move(points);
        }
    });
}

}  // namespace isobath
