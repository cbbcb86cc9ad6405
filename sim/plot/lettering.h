/// How much room a text takes, and what to do when there is less.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace isobath::plot {

/// `text` as it may be shown: valid UTF-8, with control bytes, broken UTF-8 and code points that XML forbids
/// written as \xNN; tab and newline become a space unless `keep_lines`.
std::string printable(std::string_view text, bool keep_lines = false);

/// Pixels that one line of `text` takes in a sans font of `size`.
///
/// Source: advance widths of DejaVu Sans, which is wider than Arial, Helvetica and Segoe UI, so the answer
/// is safe for those too. Bold is taken as 1.12 times wider (DejaVu Sans Bold: 0.696 em a digit, 0.636 plain:
/// 1.09; letters up to 1.12).
double text_width(std::string_view text, double size, bool bold = false);

/// `text`, or as much of its start as fits `room` together with "..."; empty if not even that fits.
std::string ellipsized(std::string_view text, double room, double size, bool bold = false);

/// `text` broken at spaces into lines that fit `room`, at most `most`; what does not fit is ellipsized.
std::vector<std::string> wrapped(std::string_view text, double room, std::size_t most, double size,
                                 bool bold = false);

}  // namespace isobath::plot
