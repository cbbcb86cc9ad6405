/// Ranges of numbers and of quantities: both ends included where the steps meet them.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hw/spec_reader.h"

namespace isobath::sweep {

/// No dimension of a sweep takes more values than this.
inline constexpr int kMostRows = 10'000'000;

/// Two ends, with the unit that both carry; without one they are plain numbers.
struct Ends {
    double from = 0, to = 0;
    std::string unit;
    bool log = false;  ///< spaced by factors, not by differences

    double at(double share) const;  ///< 0: from, 1: to
};

/// Reads "from", "to" and "log". Throws SpecError where they are not two finite numbers or quantities of one
/// unit, or not above 0 where factors are asked for.
Ends read_ends(SpecReader& in);

/// A number of the range as JSON: with its unit, if it has one.
nlohmann::json value_of(const Ends& ends, double number);

/// Reads "from", "to", and one of "step" (a difference), "times" (a factor) and "count".
/// `whole`: each number rounded to the nearest whole one, and taken once. Throws SpecError.
std::vector<nlohmann::json> read_range(SpecReader& in, bool whole);

}  // namespace isobath::sweep
