/// The sizes, in pixels, that give every picture the same look.
#pragma once

#include <cstdint>

namespace isobath::plot {

inline constexpr double title_size = 16, label_size = 12, tick_size = 11;
inline constexpr double edge        = 14;  ///< free on every side of the canvas
inline constexpr double legend_row  = 20;
inline constexpr double least_width = 160, least_height = 120;
inline constexpr std::uint8_t band_alpha = 64;

}  // namespace isobath::plot
