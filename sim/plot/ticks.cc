#include "sim/plot/ticks.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/plot/si.h"

namespace isobath::plot {
namespace {

constexpr double hair = 1e-9;  // of a step: what rounding may put a tick beside its place

std::string label_of(double value, double step, Prefix prefix, const std::string& unit) {
    const double shown = value / prefix.factor, grain = step / prefix.factor;
    const std::string letter(value == 0 || takes_prefix(unit) ? "" : prefix.symbol);
    if (grain < 1e-5 || std::abs(shown) >= 1e7) return plain_number(shown) + letter;
    int decimals = 0;
    for (double rest = grain; decimals < 12 && std::abs(rest - std::round(rest)) > 1e-6 * rest; rest *= 10)
        ++decimals;
    return fmt::format("{:.{}f}", value == 0 ? 0. : shown, decimals) + letter;
}

Ticks linear_ticks(const TickWish& wish, double step) {
    Ticks out{wish.low, wish.high, {}, {}};
    if (wish.widen_low) out.low = std::floor(wish.low / step + hair) * step;
    if (wish.widen_high) out.high = std::ceil(wish.high / step - hair) * step;
    const Prefix prefix = prefix_for(std::max(std::abs(out.low), std::abs(out.high)), wish.unit);
    const double first = std::ceil(out.low / step - hair), last = std::floor(out.high / step + hair);
    for (double i = first; i <= last; ++i) {
        const double at = std::clamp(i * step, out.low, out.high);
        out.ticks.push_back({at, label_of(i == 0 ? 0 : i * step, step, prefix, wish.unit)});
    }
    out.unit = prefixed_unit(prefix, wish.unit);
    return out;
}

Ticks linear_ticks(const TickWish& wish) {
    int most  = wish.most;
    Ticks out = linear_ticks(wish, nice_step(wish.high - wish.low, most));
    // Widening adds up to two steps; take them into account rather than have too many ticks.
    while (int(out.ticks.size()) > wish.most && most > 2)
        out = linear_ticks(wish, nice_step(wish.high - wish.low, --most));
    return out;
}

Ticks integral_ticks(const TickWish& wish) {
    const double step = nice_step(wish.high - wish.low, wish.most);
    return linear_ticks(wish, step <= 1 ? 1 : step == 2.5 ? 5 : step);
}

/// Labels carry prefix and unit each where one prefix would make "0.00001" or "1000000" of them.
void label_log(Ticks& out, const std::string& unit) {
    const bool each     = takes_prefix(unit) && out.high / out.low > 5e3;
    const Prefix shared = takes_prefix(unit) ? prefix_for(out.high, unit) : Prefix{};
    for (Tick& tick : out.ticks) {
        if (tick.label.empty()) continue;
        if (takes_prefix(unit))
            tick.label = each ? with_unit(tick.at, unit) : plain_number(tick.at / shared.factor);
        else
            tick.label = with_unit(tick.at, "");
    }
    out.unit = each ? "" : prefixed_unit(shared, unit);
}

bool labelled(int mantissa, int decade, int level) {
    if (level == 0) return mantissa == 1 || mantissa == 2 || mantissa == 5;
    if (level == 1) return mantissa == 1 || mantissa == 3;
    return mantissa == 1 && decade % (level - 1) == 0;
}

/// 1-2-5, 1-3, every decade, every second decade, ...: level 0, 1, 2, 3, ...
Ticks log_ticks(const TickWish& wish, int level) {
    Ticks out{wish.low, wish.high, {}, {}};
    const int first = int(std::floor(std::log10(wish.low))), last = int(std::ceil(std::log10(wish.high)));
    for (int decade = first; decade <= last; ++decade)
        for (int mantissa = 1; mantissa <= (level > 2 ? 1 : 9); ++mantissa) {
            const double at = mantissa * std::pow(10., decade);
            if (at < wish.low * (1 - hair) || at > wish.high * (1 + hair)) continue;
            out.ticks.push_back({at, labelled(mantissa, decade, level) ? "#" : ""});
        }
    return out;
}

auto count_labels(const Ticks& ticks) {
    return std::ranges::count_if(ticks.ticks, [](const Tick& tick) { return !tick.label.empty(); });
}

double log_end(double value, bool up) {
    const double decade = std::pow(10., std::floor(std::log10(value) + hair));
    for (const double mantissa : {1., 2., 5., 10.}) {
        const double at = mantissa * decade, next = mantissa == 5 ? 10 : mantissa == 2 ? 5 : 2 * mantissa;
        if (up && at >= value * (1 - hair)) return at;
        if (!up && next * decade > value * (1 + hair)) return at;
    }
    return value;
}

Ticks log_ticks(TickWish wish) {
    if (wish.widen_low) wish.low = log_end(wish.low, false);
    if (wish.widen_high) wish.high = log_end(wish.high, true);
    int level = 0;
    Ticks out = log_ticks(wish, level);
    if (count_labels(out) < 2) {
        wish.widen_low = wish.widen_high = false;
        return linear_ticks(wish);
    }
    while (count_labels(out) > wish.most && level < 700) out = log_ticks(wish, ++level);
    label_log(out, wish.unit);
    return out;
}

Ticks log2_ticks(const TickWish& wish) {
    Ticks out{wish.low, wish.high, {}, wish.unit};
    const int first  = int(std::ceil(std::log2(wish.low) - hair));
    const int last   = int(std::floor(std::log2(wish.high) + hair));
    const int stride = std::max(1, (last - first + wish.most) / wish.most);
    for (int power = first; power <= last; ++power) {
        const double at = std::exp2(power);
        out.ticks.push_back({at, (power - first) % stride ? "" : fmt::format("{:.10g}", at)});
    }
    return count_labels(out) < 2 ? linear_ticks(wish) : out;
}

}  // namespace

double nice_step(double span, int most) {
    const double raw = span / std::max(1, most - 1), decade = std::pow(10., std::floor(std::log10(raw)));
    for (const double mantissa : {1., 2., 2.5, 5.})
        if (mantissa * decade >= raw * (1 - hair)) return mantissa * decade;
    return 10 * decade;
}

Ticks choose_ticks(const TickWish& wish) {
    if (wish.scale == Scale::log) return log_ticks(wish);
    if (wish.scale == Scale::log2) return log2_ticks(wish);
    return wish.integral ? integral_ticks(wish) : linear_ticks(wish);
}

}  // namespace isobath::plot
