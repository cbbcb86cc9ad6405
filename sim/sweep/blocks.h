/// Who does which block of points: threads of one process, shards that know nothing of each other, or ranks.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>

namespace isobath::sweep {

/// Hands out blocks; threads ask at the same time.
class BlockSource {
  public:
    virtual ~BlockSource() = default;
    /// The next block that nobody else does, or nothing.
    virtual std::optional<std::size_t> next() = 0;
    /// How much of all that it will hand out it has handed out, 0 to 1.
    virtual double share() const = 0;
    /// Called every few milliseconds by a thread that has nothing else to do.
    virtual void poll() {}
    /// The name of this process's parts: "1of3".
    virtual std::string shard() const = 0;
};

/// Shard `index` (from 0) of `count`: every count-th block.
class ShardBlocks : public BlockSource {
  public:
    ShardBlocks(std::size_t blocks, std::size_t index, std::size_t count)
        : blocks_(blocks), index_(index), count_(count), next_(index) {}

    std::optional<std::size_t> next() override;
    double share() const override;
    std::string shard() const override;

  private:
    std::size_t blocks_, index_, count_;
    std::atomic<std::size_t> next_;
};

}  // namespace isobath::sweep
