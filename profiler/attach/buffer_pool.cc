#include "profiler/attach/buffer_pool.h"

#include <cstdlib>

namespace isobath::attach {

constexpr std::size_t kAlignment = 8;  // of activity records

void BufferPool::Free::operator()(void* memory) const {
    std::free(memory);
}

std::uint8_t* BufferPool::take() {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
        std::uint8_t* buffer = free_.back();
        free_.pop_back();
        return buffer;
    }
    void* made = made_.size() < most_ ? std::aligned_alloc(kAlignment, bytes_each_) : nullptr;
    if (made)
        made_.emplace_back(made);
    else
        ++refused_;
    return static_cast<std::uint8_t*>(made);
}

void BufferPool::give_back(std::uint8_t* buffer) {
    if (!buffer) return;
    const std::lock_guard lock(mutex_);
    free_.push_back(buffer);
}

std::size_t BufferPool::made() const {
    const std::lock_guard lock(mutex_);
    return made_.size();
}

std::uint64_t BufferPool::refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
}

}  // namespace isobath::attach
