#include "sim/sweep/blocks.h"

#include <algorithm>

namespace isobath::sweep {

std::optional<std::size_t> ShardBlocks::next() {
    const std::size_t block = next_.fetch_add(count_);
    return block < blocks_ ? std::optional(block) : std::nullopt;
}

double ShardBlocks::share() const {
    return blocks_ == 0 ? 1 : std::min(1.0, double(next_.load()) / double(blocks_));
}

std::string ShardBlocks::shard() const {
    return std::to_string(index_ + 1) + "of" + std::to_string(count_);
}

}  // namespace isobath::sweep
