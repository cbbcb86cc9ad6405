#include "sim/serve/block_lru.h"

#include "sim/serve/draws.h"

namespace isobath {
namespace {

constexpr std::uint64_t kHighHalf = ~std::uint64_t{0} << 32;

std::uint64_t tag(std::uint64_t name) {
    return mix64(name) & kHighHalf;
}

}  // namespace

std::size_t BlockLru::slot_of(std::uint64_t name) const {
    if (slots_.empty()) return kNone;
    const std::uint64_t wanted = tag(name);
    const std::size_t mask     = slots_.size() - 1;
    for (std::size_t i = home(wanted);; i = (i + 1) & mask) {
        if (slots_[i] == 0) return kNone;
        if ((slots_[i] & kHighHalf) == wanted && pool_[place_in(i)].name == name) return i;
    }
}

void BlockLru::link(std::uint32_t node) {
    pool_[node].newer                                     = kNobody;
    pool_[node].older                                     = newest_;
    (newest_ == kNobody ? oldest_ : pool_[newest_].newer) = node;
    newest_                                               = node;
}

void BlockLru::unlink(std::uint32_t node) {
    const auto [name, newer, older]                   = pool_[node];
    (newer == kNobody ? newest_ : pool_[newer].older) = older;
    (older == kNobody ? oldest_ : pool_[older].newer) = newer;
}

void BlockLru::fill_slot(std::uint64_t slot) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t i          = home(slot);
    while (slots_[i] != 0) i = (i + 1) & mask;
    slots_[i] = slot;
}

/// Those behind the gap move into it, unless their home lies behind the gap, too.
void BlockLru::empty_slot(std::size_t gap) {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = (gap + 1) & mask; slots_[i] != 0; i = (i + 1) & mask) {
        const std::size_t from_home = (i - home(slots_[i])) & mask, from_gap = (i - gap) & mask;
        if (from_home < from_gap) continue;
        slots_[gap] = slots_[i];
        gap         = i;
    }
    slots_[gap] = 0;
}

/// At most half of the slots are in use.
void BlockLru::grow() {
    std::vector<std::uint64_t> old(slots_.empty() ? 2 : 2 * slots_.size());
    old.swap(slots_);
    shift_ -= old.empty() ? 0 : 1;
    for (const std::uint64_t slot : old)
        if (slot != 0) fill_slot(slot);
}

bool BlockLru::touch(std::uint64_t name) {
    const std::size_t slot = slot_of(name);
    if (slot == kNone) return false;
    const std::uint32_t node = place_in(slot);
    if (node == newest_) return true;
    unlink(node);
    link(node);
    return true;
}

void BlockLru::insert(std::uint64_t name) {
    if (touch(name)) return;
    if (2 * static_cast<std::size_t>(size_ + 1) > slots_.size()) grow();
    std::uint32_t node = free_;
    if (node == kNobody) {
        node = static_cast<std::uint32_t>(pool_.size());
        pool_.push_back({});
    } else {
        free_ = pool_[node].older;
    }
    pool_[node].name = name;
    link(node);
    fill_slot(tag(name) | (node + 1));
    ++size_;
}

std::optional<std::uint64_t> BlockLru::drop_excess() {
    if (size_ <= capacity_) return std::nullopt;
    const std::uint32_t node = oldest_;
    const std::uint64_t name = pool_[node].name;
    empty_slot(slot_of(name));
    unlink(node);
    pool_[node].older = free_;
    free_             = node;
    --size_;
    return name;
}

void BlockLru::clear() {
    *this = BlockLru(capacity_);
}

}  // namespace isobath
