/// Numbers and times behind flags.
#pragma once

#include <string>

#include "hw/units.h"

namespace isobath::cli {

// All throw SpecError "--FLAG TEXT: what is needed".

/// "600 s", "30min", "2 h": from 0 to 1e9 s.
Seconds duration(const std::string& flag, const std::string& text);
double number(const std::string& flag, const std::string& text, double least, double most);
int whole(const std::string& flag, const std::string& text, int most);

}  // namespace isobath::cli
