/// Colours that stay apart for colour-blind eyes, on light and on dark ground.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace isobath::plot {

struct Colour {
    std::uint8_t red = 0, green = 0, blue = 0, alpha = 255;
    bool operator==(const Colour&) const = default;
};

/// The ground and the inks of a picture.
struct Theme {
    Colour background, ink, muted, grid;
    Colour missing;  ///< heat map cells without a value
    bool dark = false;
};

const Theme& light_theme();
const Theme& dark_theme();

/// The colour of the i-th name. Seven hues; from the eighth on they return, paler on a dark and darker on a
/// light ground. Source: M. Okabe and K. Ito, "Color Universal Design" (2008), reordered so that the
/// strongest contrast to the ground comes first; their black and yellow serve only the ground they can be
/// read on.
Colour categorical(std::size_t i, const Theme&);

/// A perceptually even scale from dark (0) to bright (1); `t` outside is clamped.
/// Source: viridis by S. van der Walt and N. Smith (matplotlib 2.0, CC0), at nine even places.
Colour sequential(double t);

/// Black or white, whichever stands out more on `ground` (WCAG 2.1 relative luminance).
Colour readable_on(Colour ground);

/// WCAG 2.1 contrast ratio, 1 (none) to 21 (black on white).
double contrast(Colour, Colour);

/// `share` of `a` and the rest of `b`; alpha is a's.
Colour mixed(Colour a, Colour b, double share);

std::string hex(Colour);  ///< "#rrggbb", without alpha

}  // namespace isobath::plot
