/// Numbers as a reader wants them: 350 us, 20k, 1.5 TB/s.
#pragma once

#include <string>
#include <string_view>

namespace isobath::plot {

/// A power of ten and its letter: {1e-6, "u"}.
struct Prefix {
    double factor           = 1;
    std::string_view symbol = "";
};

/// Whether `unit` takes a prefix: s B FLOP bit Hz W J, alone or before a "/". Seconds take none above one.
bool takes_prefix(std::string_view unit);

/// The prefix that shows `magnitude` (>= 0) as 1 to 1000. Units that take none, and bare numbers, have k M G
/// T P E from 10,000 on only.
Prefix prefix_for(double magnitude, std::string_view unit);

/// What stands in an axis title: "ms"; a unit that takes no prefix is left alone, its numbers carry the
/// letter.
std::string prefixed_unit(Prefix, std::string_view unit);

/// `value` with its prefix and unit, six significant digits: "12.5 us", "20k token/s", "3".
std::string with_unit(double value, std::string_view unit);

/// Six significant digits, never "-0".
std::string plain_number(double value);

}  // namespace isobath::plot
