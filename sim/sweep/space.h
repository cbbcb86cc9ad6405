/// All points of a sweep by number, and the order in which they are evaluated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/sweep/sweep.h"

namespace isobath::sweep {

enum class Reach : std::uint8_t;

/// One point. What has the same `model` differs only in what a model takes in place; what has the same
/// `layout`, only in its load.
struct Place {
    std::size_t point = 0;  ///< its number, the first dimension slowest: where its row stands
    std::uint64_t id  = 0;  ///< of its content: the same in every sweep that holds it
    std::size_t model = 0, layout = 0;
    std::vector<std::size_t> rows;  ///< of each dimension
};

/// Points by their place in the order of evaluation ("turn"): fields that need a new model outermost.
class Space {
  public:
    explicit Space(const Sweep& sweep);

    std::size_t points() const { return points_; }
    /// Fills all of `place`. No allocation once it is warm.
    void place_at(std::size_t turn, Place& place) const;
    /// The identity of a point by its number.
    std::uint64_t id_of(std::size_t point) const;
    /// The row of a dimension at a point, by its number.
    std::size_t row_of(std::size_t point, std::size_t dimension) const {
        return point / strides_[dimension] % sizes_[dimension];
    }
    /// The sweep's own overrides, and those of the point: "--set" in all but name.
    std::vector<Override> overrides(std::span<const std::size_t> rows) const;

    /// Turns are handed out in blocks, the same for every number of threads, ranks and shards.
    std::size_t blocks() const { return groups_ * blocks_per_group_; }
    /// First turn of a block; that of blocks() is points().
    std::size_t first_turn(std::size_t block) const;

  private:
    void order(const std::vector<Reach>& reaches);
    void cut();

    const Sweep* sweep_;
    std::size_t points_ = 1;
    std::vector<std::size_t> sizes_, strides_;
    std::vector<std::vector<std::uint64_t>> hashes_;  ///< of each row of each dimension
    std::uint64_t salt_ = 0;                          ///< of what all points share
    std::vector<std::size_t> order_;                  ///< dimensions, the outermost first
    std::size_t per_model_ = 1, per_layout_ = 1;      ///< turns that share one
    std::size_t groups_ = 1, blocks_per_group_ = 1, group_turns_ = 1;
};

}  // namespace isobath::sweep
