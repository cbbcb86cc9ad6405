/// Buffers for activity records: few, used again, and never more than so many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace isobath::attach {

/// Any thread may take and give back. The memory is the pool's: one that a driver writes into must outlive
/// it.
class BufferPool {
  public:
    BufferPool(std::size_t bytes_each, std::size_t most) : bytes_each_(bytes_each), most_(most) {}

    /// Null when all are in use: CUPTI then drops records, and counts them.
    std::uint8_t* take();
    void give_back(std::uint8_t* buffer);

    std::size_t bytes_each() const { return bytes_each_; }
    std::size_t bytes() const { return bytes_each_ * most_; }  ///< at most
    std::size_t made() const;
    std::uint64_t refused() const;

  private:
    const std::size_t bytes_each_, most_;
    mutable std::mutex mutex_;
    struct Free {
        void operator()(void* memory) const;
    };
    std::vector<std::unique_ptr<void, Free>> made_;
    std::vector<std::uint8_t*> free_;
    std::uint64_t refused_ = 0;
};

}  // namespace isobath::attach
