/// Requests inside a fleet: their state, and lists of them without memory of their own.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "sim/serve/request.h"

namespace isobath::engine {

/// Tokens in fixed point: what grows evenly over a whole number of steps adds up exactly.
using Tokens               = std::int64_t;
inline constexpr int kBits = 20;
inline constexpr Tokens whole(std::int64_t tokens) {
    return tokens * (std::int64_t{1} << kBits);
}
inline constexpr std::int64_t floored(Tokens tokens) {
    return tokens >> kBits;
}
inline constexpr double plain(Tokens tokens) {
    return static_cast<double>(tokens) * 0x1p-20;
}

/// Place in a pool.
using Slot                 = std::int32_t;
inline constexpr Slot kNil = -1;

/// A request on its way through the units of a fleet. Two lines of the processor's cache.
struct alignas(64) Served {
    /// Where the cache of what it has so far is.
    enum class Cache : std::uint8_t { none, here, swapped };

    std::uint64_t id = 0;
    Ticks arrival = 0, reached = 0;  ///< at the front end; at the scheduler
    Ticks first_token        = -1;   ///< the user's first one ever; -1: not yet
    Ticks last_token         = 0;    ///< of those generated before it decodes
    std::int64_t start_step  = 0,
                 finish_step = 0;  ///< decode steps of its unit: done when it began, at its end
    Tokens rate              = 0;  ///< that a decode step adds
    std::int32_t prompt = 1, answer = 1, said_cached = 0;
    std::int32_t generated = 0;  ///< tokens of the answer when it was last admitted or began to decode
    std::int32_t cached    = 0;  ///< tokens not computed at its first prefill
    std::int32_t computed  = 0;  ///< tokens of prompt and generated that are computed, cached ones included
    std::int32_t rank = 0, starts = 0;  ///< starts: how often it began to decode
    Slot prev = kNil, next = kNil;
    std::int32_t ring_place = 0;
    Cache cache             = Cache::none;
    bool admitted           = false;  ///< once at least

    std::int32_t held() const { return prompt + generated; }
};
static_assert(sizeof(Served) == 128);

/// A list through Served::prev and next; every request is in one at most.
struct List {
    Slot head = kNil, tail = kNil;
    bool empty() const { return head == kNil; }
};

/// All requests of a fleet. Slots are used again, so that memory is that of the requests under way.
class Pool {
  public:
    Slot add(const Served& request);
    void release(Slot slot);
    Served& operator[](Slot slot) { return all_[static_cast<std::size_t>(slot)]; }
    const Served& operator[](Slot slot) const { return all_[static_cast<std::size_t>(slot)]; }
    /// Has it brought from memory.
    void fetch(Slot slot) const {
        const auto* at = reinterpret_cast<const char*>(&(*this)[slot]);
        __builtin_prefetch(at), __builtin_prefetch(at + 64);
    }
    /// Names of the prompt's leading blocks.
    std::vector<std::uint64_t>& blocks(Slot slot);
    std::span<const std::uint64_t> blocks(Slot slot) const;
    std::int64_t size() const { return static_cast<std::int64_t>(all_.size() - free_.size()); }

    void push_back(List& list, Slot slot);
    void push_front(List& list, Slot slot);
    void erase(List& list, Slot slot);
    Slot pop_front(List& list);

  private:
    std::vector<Served> all_;
    std::vector<Slot> free_;
    std::vector<std::vector<std::uint64_t>> blocks_;  ///< as long as the greatest slot that has some
};

}  // namespace isobath::engine
