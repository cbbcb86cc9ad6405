#include "hw/units.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <span>
#include <stdexcept>

#include "hw/text.h"

namespace isobath {
namespace {

template <class Q>
struct NamedUnit {
    std::string_view name;
    Q value;
};

using namespace unit;
constexpr NamedUnit<Seconds> kTime[]            = {{"ns", ns}, {"us", us}, {"ms", ms}, {"s", s}};
constexpr NamedUnit<Bytes> kSize[]              = {{"B", B},   {"kB", kB},   {"MB", MB},   {"GB", GB},
                                                   {"TB", TB}, {"KiB", KiB}, {"MiB", MiB}, {"GiB", GiB}};
constexpr NamedUnit<Flops> kWork[]              = {{"FLOP", FLOP}, {"GFLOP", GFLOP}, {"TFLOP", TFLOP}};
constexpr NamedUnit<BytesPerSecond> kByteRate[] = {
    {"B/s", B / s}, {"MB/s", MB / s}, {"GB/s", GB / s}, {"TB/s", TB / s}, {"Gbit/s", Gbit / s}};
constexpr NamedUnit<FlopsPerSecond> kWorkRate[] = {
    {"FLOP/s", FLOP / s}, {"GFLOP/s", GFLOP / s}, {"TFLOP/s", TFLOP / s}};

constexpr std::span<const NamedUnit<Seconds>> units_of(Seconds) {
    return kTime;
}
constexpr std::span<const NamedUnit<Bytes>> units_of(Bytes) {
    return kSize;
}
constexpr std::span<const NamedUnit<Flops>> units_of(Flops) {
    return kWork;
}
constexpr std::span<const NamedUnit<BytesPerSecond>> units_of(BytesPerSecond) {
    return kByteRate;
}
constexpr std::span<const NamedUnit<FlopsPerSecond>> units_of(FlopsPerSecond) {
    return kWorkRate;
}

/// The largest unit (among those that do not repeat a scale) that keeps the number at 1 or above.
template <class Q>
std::string with_best_unit(Q q) {
    const auto units         = units_of(q);
    const NamedUnit<Q>* best = &units.front();
    for (const auto& u : units) {
        const bool binary_or_bit = u.name.find('i') != std::string_view::npos;
        if (!binary_or_bit && std::abs(q.in(u.value)) >= 1) best = &u;
    }
    char number[32];
    std::snprintf(number, sizeof number, "%.6g ", q.in(best->value));
    return number + std::string(best->name);
}

}  // namespace

template <class Q>
Q parse_quantity(std::string_view text) {
    double number           = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    std::string_view name(end, text.data() + text.size() - end);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    if (error == std::errc{} && std::isfinite(number) && number >= 0)
        for (const auto& u : units_of(Q{}))
            if (name == u.name && std::isfinite((number * u.value).base())) return number * u.value;
    std::string known;
    for (const auto& u : units_of(Q{})) known += " " + std::string(u.name);
    throw std::invalid_argument("\"" + clipped(text) + "\": need a number and one of" + known);
}

template Seconds parse_quantity(std::string_view);
template Bytes parse_quantity(std::string_view);
template Flops parse_quantity(std::string_view);
template BytesPerSecond parse_quantity(std::string_view);
template FlopsPerSecond parse_quantity(std::string_view);

std::string to_string(Seconds q) {
    return with_best_unit(q);
}
std::string to_string(Bytes q) {
    return with_best_unit(q);
}
std::string to_string(Flops q) {
    return with_best_unit(q);
}
std::string to_string(BytesPerSecond q) {
    return with_best_unit(q);
}
std::string to_string(FlopsPerSecond q) {
    return with_best_unit(q);
}

template <int S, int B, int F>
std::ostream& operator<<(std::ostream& out, Quantity<S, B, F> q) {
    return out << to_string(q);
}
template std::ostream& operator<<(std::ostream&, Seconds);
template std::ostream& operator<<(std::ostream&, Bytes);
template std::ostream& operator<<(std::ostream&, Flops);
template std::ostream& operator<<(std::ostream&, BytesPerSecond);
template std::ostream& operator<<(std::ostream&, FlopsPerSecond);

}  // namespace isobath
