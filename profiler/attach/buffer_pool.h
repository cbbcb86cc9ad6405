/// Buffers for activity records: few, used again, and never more than so many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace isobath::attach {

/// Any thread may take and give back. A buffer's memory stays until the program ends, because the driver may
/// write into it until then.
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
    std::vector<std::uint8_t*> free_;
    std::size_t made_      = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace isobath::attach
