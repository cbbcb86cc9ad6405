#include "sim/plot/si.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace isobath::plot {
namespace {

constexpr std::array prefixable{"s", "B", "FLOP", "bit", "Hz", "W", "J"};
constexpr std::array large{Prefix{1e18, "E"}, Prefix{1e15, "P"}, Prefix{1e12, "T"},
                           Prefix{1e9, "G"},  Prefix{1e6, "M"},  Prefix{1e3, "k"}};
constexpr std::array small{Prefix{1e-3, "m"}, Prefix{1e-6, "u"}, Prefix{1e-9, "n"}};

Prefix large_prefix(double magnitude) {
    for (const Prefix& prefix : large)
        if (magnitude >= prefix.factor) return prefix;
    return {};
}

Prefix small_prefix(double magnitude) {
    for (const Prefix& prefix : small)
        if (magnitude >= prefix.factor * 0.9999995)
            return prefix;  // 1000 * 1e-9 is a microsecond, rounding or not
    return small.back();
}

bool has_small(std::string_view unit) {
    return unit == "s" || unit == "W" || unit == "J";
}

}  // namespace

bool takes_prefix(std::string_view unit) {
    const std::string_view counted = unit.substr(0, unit.find('/'));
    return std::ranges::any_of(prefixable, [&](std::string_view known) { return counted == known; });
}

Prefix prefix_for(double magnitude, std::string_view unit) {
    if (!takes_prefix(unit)) return magnitude >= 1e4 ? large_prefix(magnitude) : Prefix{};
    if (magnitude >= 1 || magnitude == 0) return unit == "s" ? Prefix{} : large_prefix(magnitude);
    return has_small(unit) && magnitude < 0.9999995 ? small_prefix(magnitude) : Prefix{};
}

std::string prefixed_unit(Prefix prefix, std::string_view unit) {
    return takes_prefix(unit) ? fmt::format("{}{}", prefix.symbol, unit) : std::string(unit);
}

std::string with_unit(double value, std::string_view unit) {
    const Prefix prefix      = prefix_for(std::abs(value), unit);
    const std::string number = plain_number(value / prefix.factor);
    if (unit.empty()) return fmt::format("{}{}", number, prefix.symbol);
    if (unit == "%") return number + "%";
    return takes_prefix(unit) ? fmt::format("{} {}{}", number, prefix.symbol, unit)
                              : fmt::format("{}{} {}", number, prefix.symbol, unit);
}

std::string plain_number(double value) {
    return fmt::format("{:.6g}", value == 0 ? 0. : value);
}

}  // namespace isobath::plot
