/// A Figure as an SVG document: no script, no outside font or file, safe to put inside HTML.
#pragma once

#include <string>

#include "sim/plot/figure.h"
#include "sim/plot/layout.h"

namespace isobath::plot {

struct SvgOptions {
    Size size = {};  ///< zero: natural_size(figure)
    bool dark = false;
};

/// The same Figure and options give the same bytes: numbers have at most six significant digits,
/// coordinates two decimals. Tooltips are <title> elements.
std::string to_svg(const Figure&, const SvgOptions& = {});

/// What is already laid out. `description` is read out in place of the picture.
std::string to_svg(const DisplayList&, const std::string& description);

/// `text` for an XML text or attribute: & < > " and ' as entities; bytes that XML cannot carry
/// (control bytes, broken UTF-8) as \xNN.
std::string xml_escaped(const std::string& text);

}  // namespace isobath::plot
