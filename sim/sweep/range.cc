#include "sim/sweep/range.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/text.h"

namespace isobath::sweep {
namespace {

using nlohmann::json;

constexpr double kMeets = 1e-9;  ///< of a step: the last value may miss the end by that much

double number_of(SpecReader& in, const std::string& key, std::string& unit) {
    const json& value = in.raw(key);
    if (value.is_number()) return value.get<double>();
    if (!value.is_string()) in.fail(key, "expected a number, or a quantity such as \"2 TB/s\"");
    const auto& text        = value.get_ref<const std::string&>();
    double number           = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    unit                    = text.substr(static_cast<std::size_t>(end - text.data()));
    if (wrong != std::errc() || unit.empty() || !std::isfinite(number))
        in.fail(key, "\"" + clipped(text) + "\": expected a number and a unit");
    return number;
}

std::vector<double> by_difference(const Ends& e, double step, SpecReader& in) {
    if (step == 0 || (e.to - e.from) / step < 0) in.fail("step", "never comes from \"from\" to \"to\"");
    const double steps = std::floor((e.to - e.from) / step + kMeets);
    if (steps >= kMostRows) in.fail("step", fmt::format("more than {} values", kMostRows));
    std::vector<double> out;
    for (double i = 0; i <= steps; ++i) out.push_back(e.from + i * step);
    return out;
}

std::vector<double> by_factor(const Ends& e, double factor, SpecReader& in) {
    const double octaves = e.from > 0 && e.to > 0 ? std::log(e.to / e.from) : NAN;
    if (!(factor > 0) || factor == 1 || !(octaves / std::log(factor) >= 0))
        in.fail("times", "never comes from \"from\" to \"to\"");
    const double steps = std::floor(octaves / std::log(factor) + kMeets);
    if (steps >= kMostRows) in.fail("times", fmt::format("more than {} values", kMostRows));
    std::vector<double> out;
    for (double i = 0; i <= steps; ++i) out.push_back(e.from * std::pow(factor, i));
    return out;
}

std::vector<double> by_count(const Ends& e, int count) {
    std::vector<double> out;
    for (int i = 0; i < count; ++i) out.push_back(e.at(count == 1 ? 0 : double(i) / (count - 1)));
    return out;
}

std::vector<double> numbers_of(SpecReader& in, const Ends& ends) {
    const int ways = in.has("step") + in.has("times") + in.has("count");
    if (ways != 1) in.fail("", "expected \"values\", or \"from\" and \"to\" with one of step, times, count");
    if (in.has("step")) return by_difference(ends, in.number("step", -1e300), in);
    if (in.has("times")) return by_factor(ends, in.number("times"), in);
    return by_count(ends, in.integer("count", 1, kMostRows));
}

}  // namespace

double Ends::at(double share) const {
    if (share <= 0) return from;
    if (share >= 1) return to;
    return log ? from * std::pow(to / from, share) : from + share * (to - from);
}

Ends read_ends(SpecReader& in) {
    if (!in.has("from") || !in.has("to"))
        in.fail("", "expected \"values\", or \"from\" and \"to\" with one of step, times, count");
    Ends e;
    std::string other;
    e.from = number_of(in, "from", e.unit);
    e.to   = number_of(in, "to", other);
    e.log  = in.flag_or("log", false);
    if (e.unit != other)
        in.fail("to", fmt::format("\"{}\", but \"from\" is in \"{}\"", clipped(other), clipped(e.unit)));
    if (e.log && !(e.from > 0 && e.to > 0)) in.fail("from", "a logarithm needs both ends above 0");
    return e;
}

json value_of(const Ends& ends, double number) {
    if (ends.unit.empty()) return number;
    return fmt::format("{}{}", number, ends.unit);
}

std::vector<json> read_range(SpecReader& in, bool whole) {
    const Ends ends = read_ends(in);
    std::vector<json> out;
    for (const double number : numbers_of(in, ends)) {
        const json value = value_of(ends, whole ? std::round(number) : number);
        if (out.empty() || out.back() != value) out.push_back(value);
    }
    return out;
}

}  // namespace isobath::sweep
