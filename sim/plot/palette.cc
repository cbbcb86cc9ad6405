#include "sim/plot/palette.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace isobath::plot {
namespace {

constexpr Colour rgb(unsigned code) {
    return {std::uint8_t(code >> 16), std::uint8_t(code >> 8), std::uint8_t(code)};
}

constexpr std::array light_hues{rgb(0x0072B2), rgb(0xD55E00), rgb(0x009E73), rgb(0xCC79A7),
                                rgb(0xE69F00), rgb(0x56B4E9), rgb(0x4D4D4D)};
constexpr std::array dark_hues{rgb(0x56B4E9), rgb(0xE69F00), rgb(0x009E73), rgb(0xCC79A7),
                               rgb(0xD55E00), rgb(0xF0E442), rgb(0xB8B8B8)};
constexpr std::array viridis{rgb(0x440154), rgb(0x472D7B), rgb(0x3B528B), rgb(0x2C728E), rgb(0x21908C),
                             rgb(0x27AD81), rgb(0x5DC863), rgb(0xAADC32), rgb(0xFDE725)};

double linear(std::uint8_t channel) {
    const double c = channel / 255.;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

double luminance(Colour c) {
    return 0.2126 * linear(c.red) + 0.7152 * linear(c.green) + 0.0722 * linear(c.blue);
}

std::uint8_t between(std::uint8_t a, std::uint8_t b, double share) {
    return std::uint8_t(std::lround(a * share + b * (1 - share)));
}

}  // namespace

const Theme& light_theme() {
    static const Theme theme{rgb(0xFFFFFF), rgb(0x1A1C1F), rgb(0x595F69),
                             rgb(0xE3E6EA), rgb(0xD5D8DC), false};
    return theme;
}

const Theme& dark_theme() {
    static const Theme theme{rgb(0x16181D), rgb(0xECEEF1), rgb(0xA9B0BB), rgb(0x31353D), rgb(0x3A3E46), true};
    return theme;
}

Colour categorical(std::size_t i, const Theme& theme) {
    const auto& hues       = theme.dark ? dark_hues : light_hues;
    const Colour hue       = hues[i % hues.size()];
    const std::size_t turn = std::min<std::size_t>(i / hues.size(), 3);
    return mixed(hue, theme.ink, 1 - 0.22 * double(turn));
}

Colour sequential(double t) {
    const double place  = (std::isfinite(t) ? std::clamp(t, 0., 1.) : 0.) * (viridis.size() - 1);
    const auto below    = std::min(std::size_t(place), viridis.size() - 2);
    const double beyond = place - double(below);
    return mixed(viridis[below + 1], viridis[below], beyond);
}

double contrast(Colour a, Colour b) {
    const auto [darker, brighter] = std::minmax({luminance(a), luminance(b)});
    return (brighter + 0.05) / (darker + 0.05);
}

Colour readable_on(Colour ground) {
    const Colour black = rgb(0), white = rgb(0xFFFFFF);
    return contrast(black, ground) >= contrast(white, ground) ? black : white;
}

Colour mixed(Colour a, Colour b, double share) {
    return {between(a.red, b.red, share), between(a.green, b.green, share), between(a.blue, b.blue, share),
            a.alpha};
}

std::string hex(Colour c) {
    return fmt::format("#{:02x}{:02x}{:02x}", c.red, c.green, c.blue);
}

}  // namespace isobath::plot
