/// Which leading blocks of a prompt somebody has computed before.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "sim/serve/block_lru.h"

namespace isobath {

/// The prefixes that one rank keeps in memory, and behind it a disk that several ranks may share.
///
/// Names are 64 bit numbers, each of them naming a block with everything before it. A prompt's first block is
/// marked as used last, so that a block never goes before one that continues it. What memory has no room for
/// goes to disk; what is read from there stays there, too, until it is the oldest.
class PrefixCache {
  public:
    struct Hit {
        std::int64_t memory = 0;  ///< leading blocks held in memory
        std::int64_t disk   = 0;  ///< blocks that follow these on disk
    };

    /// `capacity`: blocks in memory.
    explicit PrefixCache(std::int64_t capacity, std::shared_ptr<BlockLru> disk = nullptr)
        : memory_(capacity), disk_(std::move(disk)) {}

    /// What is held; nothing is marked as used. For a router that asks around.
    Hit peek(std::span<const std::uint64_t> blocks) const;
    /// What is held, marked as used.
    Hit lookup(std::span<const std::uint64_t> blocks);
    /// All of them are in memory now, as far as there is room: leading blocks first.
    void insert(std::span<const std::uint64_t> blocks);
    /// Takes effect at once: what has no room left goes to disk.
    void set_capacity(std::int64_t capacity);
    /// Memory is lost; the disk is not.
    void clear() { memory_.clear(); }

    std::int64_t capacity() const { return memory_.capacity(); }
    std::int64_t blocks() const { return memory_.size(); }

  private:
    void drop_excess();

    BlockLru memory_;
    std::shared_ptr<BlockLru> disk_;
};

}  // namespace isobath
