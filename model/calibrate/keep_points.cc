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

/// What is served runs a library's kernel.
bool is_ours(const std::string& implementation) {
    return implementation.starts_with("isobath");
}

template <class Constants>
void put(KernelFamily<Constants>& family, const Implementation<Constants>& implementation) {
    for (auto& each : family.implementations)
        if (each.name == implementation.name) {
            each = implementation;
            return;
        }
    family.implementations.push_back(implementation);
}

/// The family's default under another name, for rows that are too few to fit it.
template <class Constants>
void borrow(KernelFamily<Constants>& family, const KernelTable& table, MeasuredPoints points) {
    const auto* usual = family.find();
    if (!usual) return;
    Implementation<Constants> own = *usual;
    own.name                      = table.implementation;
    own.measured_on               = table.measured_on;
    own.source = table.source + "; between and beyond its points the constants of " + usual->name;
    own.basis  = Source::assumed;
    own.unseen.reset();
    own.points = std::move(points);
    if (!is_ours(own.name)) family.preferred = own.name;
    put(family, own);
}

}  // namespace

void lay_points_over(Calibration& base, std::span<const KernelTable> tables) {
    each_family(base, [&](const char* key, auto& family) {
        for (const KernelTable& table : tables) {
            if (family_of(table.kernel) != key || family.find(table.implementation)) continue;
            MeasuredPoints points = points_of(tables, key, table.implementation);
            if (!points.points.empty()) borrow(family, table, std::move(points));
        }
    });
}

void lay_over(Calibration& base, const Calibration& fitted) {
    each_family(base, [&](std::string_view key, auto& family) {
        each_family(fitted, [&](std::string_view same, const auto& other) {
            if constexpr (std::is_same_v<std::decay_t<decltype(family)>, std::decay_t<decltype(other)>>) {
                if (key != same || other.implementations.empty()) return;
                for (const auto& each : other.implementations) put(family, each);
                if (!is_ours(other.preferred) || !family.find()) family.preferred = other.preferred;
            }
        });
    });
}

void keep_points(Calibration& calibration, std::span<const KernelTable> tables) {
    each_family(calibration, [&](const char* key, auto& family) {
        for (auto& each : family.implementations) {
            MeasuredPoints points = points_of(tables, key, each.name);
            if (!points.points.empty()) each.points = std::move(points);
        }
    });
}

}  // namespace isobath
