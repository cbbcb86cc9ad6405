/// How many decode steps an answer takes when each step yields a random number of tokens.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/serve/draws.h"

namespace isobath::engine {

/// The least N for which N independent draws of a step's tokens reach what is left of the answer; drawn
/// exactly, though not one by one: while the answer cannot end within m steps, their total is drawn at once
/// from the m-fold convolution. Each such draw covers about half of the most steps that are certain to be
/// needed, so that a thousand tokens take five or six draws.
class StepsLaw {
  public:
    /// accepted[i]: chance that a step yields i + 1 tokens; scaled to a sum of 1.
    explicit StepsLaw(std::vector<double> accepted);
    std::int64_t draw(std::int64_t tokens, Draws& draws) const;
    int most() const { return most_; }  ///< tokens of one step

  private:
    /// A law of totals as an alias table: one look-up a draw (Walker 1977; built as Vose 1991 does).
    struct Cell {
        std::uint64_t stays;  ///< the fraction of 2^64 below which the cell's own total is drawn
        std::int32_t own, other;
    };
    struct Block {
        std::int32_t steps = 1;
        std::vector<Cell> cells;
    };
    static Block block_of(int steps, const std::vector<double>& chances);

    int most_ = 1;
    std::vector<Block> blocks_;
    std::vector<std::uint8_t> fitting_;  ///< by steps that are certain to be needed: the longest block
};

}  // namespace isobath::engine
