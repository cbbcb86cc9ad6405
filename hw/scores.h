/// How good predictions are of measured rows that they were not fitted to.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hw/spec_reader.h"

namespace isobath {

/// Relative errors |predicted / measured - 1| over some rows, and how the 80 % intervals did.
struct Scores {
    int rows      = 0;
    double median = 0, p90 = 0, worst = 0;
    std::string worst_at;  ///< key of the row with the worst error
    double coverage = 0;   ///< share of rows that lie within [low, high]; 0.8 would be right
    double width    = 0;   ///< median of (high - low) / predicted
    bool operator==(const Scores&) const = default;
};

/// One held-back row: for a picture of predicted against measured.
struct ScoredPoint {
    double measured_us = 0, fitted_us = 0;
    bool operator==(const ScoredPoint&) const = default;
};

/// What is known of a fit beyond its own rows.
struct UnseenScores {
    int constants = 0;                ///< how many numbers were fitted
    Scores held_back;                 ///< one row in five, chosen by hash
    Scores sites_left_out;            ///< whole shapes left out in turn, the rest fitted again
    std::vector<ScoredPoint> sample;  ///< of held_back, at most 60
    bool operator==(const UnseenScores&) const = default;
};

/// Reads {"constants", "held_back", "sites_left_out", "sample"}; finishes the reader.
UnseenScores read_unseen(SpecReader in);
nlohmann::ordered_json to_json(const UnseenScores& scores);

}  // namespace isobath
