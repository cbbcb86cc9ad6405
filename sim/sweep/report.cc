#include "sim/sweep/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include <fmt/format.h>

#include "hw/text.h"

namespace isobath::sweep {
namespace {

using nlohmann::json;

constexpr std::size_t kMostReasons = 5;  ///< shown to people; JSON has all of them

/// "1,234,567".
std::string grouped(std::size_t n) {
    std::string out = std::to_string(n);
    for (auto at = static_cast<std::ptrdiff_t>(out.size()) - 3; at > 0; at -= 3)
        out.insert(static_cast<std::size_t>(at), 1, ',');
    return out;
}

std::string duration(double seconds) {
    if (seconds < 100) return fmt::format("{:.0f} s", seconds);
    if (seconds < 6000) return fmt::format("{:.0f} min", seconds / 60);
    return fmt::format("{:.1f} h", seconds / 3600);
}

std::string reasons(const Tally& tally) {
    std::vector<std::pair<std::string, std::size_t>> by_count(tally.reasons.begin(), tally.reasons.end());
    std::stable_sort(by_count.begin(), by_count.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    std::string out;
    for (std::size_t i = 0; i < std::min(kMostReasons, by_count.size()); ++i)
        out += fmt::format("  {:>13}  {}\n", grouped(by_count[i].second), clipped(by_count[i].first, 400));
    if (by_count.size() > kMostReasons) {
        std::size_t rest = 0;
        for (std::size_t i = kMostReasons; i < by_count.size(); ++i) rest += by_count[i].second;
        out += fmt::format("  {:>13}  for {} more reasons: see the view reasons\n", grouped(rest),
                           by_count.size() - kMostReasons);
    }
    return out;
}

}  // namespace

json to_json(const Report& r) {
    json out{{"name", r.name},
             {"run", r.run},
             {"points", r.tally.points},
             {"evaluated", r.tally.done},
             {"excluded", r.tally.excluded},
             {"missing", r.tally.missing},
             {"reasons", json::array()},
             {"folder", r.folder},
             {"parts", r.parts},
             {"file", r.file.empty() ? json() : json(r.file)}};
    for (const auto& [reason, points] : r.tally.reasons)
        out["reasons"].push_back({{"reason", reason}, {"points", points}});
    return out;
}

std::string to_text(const Report& r) {
    std::string out = fmt::format("{}: {} points\n", r.name, grouped(r.tally.points));
    out += fmt::format("  {:>13}  evaluated ({})\n", grouped(r.tally.done), r.run);
    if (r.tally.excluded > 0)
        out += fmt::format("  {:>13}  excluded\n{}", grouped(r.tally.excluded), reasons(r.tally));
    if (r.tally.missing > 0)
        out += fmt::format("  {:>13}  missing: the same command again does them\n", grouped(r.tally.missing));
    out += fmt::format("parts: {} ({} files)\n", r.folder, r.parts);
    if (!r.file.empty()) out += fmt::format("merged: {}\n", r.file);
    return out;
}

std::string to_text(const Progress& p) {
    const double points = double(p.evaluated + p.excluded);
    const double left   = p.share > 0 ? p.seconds * (1 - p.share) / p.share : 0;
    return fmt::format("{:.0f} % · {} points · {:.0f}/s · {} left", 100 * p.share,
                       grouped(p.evaluated + p.excluded), points / std::max(1e-9, p.seconds), duration(left));
}

}  // namespace isobath::sweep
