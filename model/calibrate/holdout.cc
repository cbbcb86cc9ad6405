#include "model/calibrate/holdout.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "hw/quantile.h"

namespace isobath {
namespace {

double error_of(const Scored& row) {
    return std::abs(row.predicted.time / row.measured - 1);
}

bool inside(const Scored& row) {
    return row.predicted.low <= row.measured && row.measured <= row.predicted.high;
}

}  // namespace

Scores scores_of(std::span<const Scored> rows) {
    if (rows.empty()) return {};
    std::vector<double> errors, widths;
    for (const Scored& row : rows) {
        errors.push_back(error_of(row));
        widths.push_back((row.predicted.high - row.predicted.low) / row.predicted.time);
    }
    const Scored& worst = rows[std::size_t(std::max_element(errors.begin(), errors.end()) - errors.begin())];
    const double contained = double(std::count_if(rows.begin(), rows.end(), inside));
    return {int(rows.size()), quantile(errors, 0.5),           quantile(errors, 0.9), error_of(worst),
            worst.key,        contained / double(rows.size()), quantile(widths, 0.5)};
}

std::vector<ScoredPoint> sample_of(std::span<const Scored> rows, std::size_t most) {
    std::vector<ScoredPoint> all, out;
    for (const Scored& row : rows)
        all.push_back({row.measured.in(unit::us), row.predicted.time.in(unit::us)});
    std::sort(all.begin(), all.end(), [](const ScoredPoint& a, const ScoredPoint& b) {
        return std::pair(a.measured_us, a.fitted_us) < std::pair(b.measured_us, b.fitted_us);
    });
    if (all.size() <= most) return all;
    for (std::size_t i = 0; i < most; ++i) out.push_back(all[i * (all.size() - 1) / (most - 1)]);
    return out;
}

std::vector<int> folds_of(std::span<const std::string> sites, int folds) {
    const std::set<std::string> sorted(sites.begin(), sites.end());
    std::map<std::string, int> fold;
    for (const std::string& site : sorted) fold.emplace(site, int(fold.size()) % folds);
    std::vector<int> out;
    for (const std::string& site : sites) out.push_back(fold.at(site));
    return out;
}

}  // namespace isobath
