#include "sim/validate/summary.h"

#include <algorithm>
#include <cmath>

#include "hw/quantile.h"

namespace isobath {
namespace {

/// The named ones first, in their order; the others after them, by name.
std::size_t place(const std::vector<std::string>& order, const std::string& name) {
    return std::size_t(std::find(order.begin(), order.end(), name) - order.begin());
}

}  // namespace

Summary summary_of(const std::vector<PointResult>& results) {
    Summary s;
    std::vector<double> errors;
    for (const PointResult& r : results) {
        errors.push_back(std::abs(r.error));
        if (r.predicted.high <= r.predicted.low) continue;
        ++s.with_interval;
        s.covered += r.predicted.low <= r.point.value && r.point.value <= r.predicted.high;
    }
    s.n                = static_cast<int>(errors.size());
    s.median_abs_error = quantile(errors, 0.5);
    s.p90_abs_error    = quantile(errors, 0.9);
    return s;
}

std::vector<Group> groups_by(const std::vector<PointResult>& results,
                             const std::function<std::string(const ValidationPoint&)>& name_of,
                             const std::vector<std::string>& order) {
    std::map<std::string, std::vector<PointResult>> judged, in_sample;
    for (const PointResult& r : results) {
        const std::string name = name_of(r.point);
        judged[name], in_sample[name];
        (r.point.used_in_fit ? in_sample : judged)[name].push_back(r);
    }
    std::vector<Group> out;
    for (const auto& [name, list] : judged)
        out.push_back({name, summary_of(list), summary_of(in_sample[name])});
    std::stable_sort(out.begin(), out.end(), [&](const Group& a, const Group& b) {
        return place(order, a.name) < place(order, b.name);
    });
    return out;
}

std::string publisher_of(const ValidationPoint& point) {
    return point.id.substr(0, point.id.find('.'));
}

std::vector<PointResult> worst_of(const std::vector<PointResult>& results, std::size_t most) {
    std::vector<PointResult> out;
    for (const PointResult& r : results)
        if (!r.point.used_in_fit) out.push_back(r);
    std::stable_sort(out.begin(), out.end(), [](const PointResult& a, const PointResult& b) {
        return std::abs(a.error) > std::abs(b.error);
    });
    out.resize(std::min(out.size(), most));
    return out;
}

}  // namespace isobath
