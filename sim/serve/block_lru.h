/// A set of named blocks that forgets those longest unused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace isobath {

/// Least recently used, in flat memory: a pool of nodes in a doubly linked list, found through a table of
/// their places with linear probing (Knuth, volume 3, 6.4, algorithms L and R). Memory grows with what is
/// held, 32 to 64 bytes a block, never with the capacity; at most 2^31 blocks.
class BlockLru {
  public:
    explicit BlockLru(std::int64_t capacity) : capacity_(capacity < 0 ? 0 : capacity) {}

    bool contains(std::uint64_t name) const { return slot_of(name) != kNone; }
    /// Whether it is held; if so, it is the newest now.
    bool touch(std::uint64_t name);
    /// It is the newest now. Until drop_excess() is called, there may be one more than the capacity.
    void insert(std::uint64_t name);
    /// Takes out and names the oldest block while there are more than the capacity.
    std::optional<std::uint64_t> drop_excess();
    void set_capacity(std::int64_t capacity) { capacity_ = capacity < 0 ? 0 : capacity; }
    void clear();

    std::int64_t capacity() const { return capacity_; }
    std::int64_t size() const { return size_; }

  private:
    struct Node {
        std::uint64_t name;
        std::uint32_t newer, older;  ///< places in the pool
    };
    static constexpr std::size_t kNone     = ~std::size_t{0};
    static constexpr std::uint32_t kNobody = ~std::uint32_t{0};

    std::size_t slot_of(std::uint64_t name) const;
    std::size_t home(std::uint64_t slot) const { return static_cast<std::size_t>(slot >> shift_); }
    std::uint32_t place_in(std::size_t slot) const { return static_cast<std::uint32_t>(slots_[slot]) - 1; }
    void link(std::uint32_t node);
    void unlink(std::uint32_t node);
    void fill_slot(std::uint64_t slot);
    void empty_slot(std::size_t slot);
    void grow();

    std::vector<Node> pool_;
    std::vector<std::uint64_t> slots_;  ///< high half: of the name's hash; low half: place in the pool + 1
    int shift_            = 63;         ///< 64 - log2 of the number of slots
    std::uint32_t newest_ = kNobody, oldest_ = kNobody, free_ = kNobody;
    std::int64_t size_ = 0, capacity_;
};

}  // namespace isobath
