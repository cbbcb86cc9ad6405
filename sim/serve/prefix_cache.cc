#include "sim/serve/prefix_cache.h"

#include <cstddef>

namespace isobath {
namespace {

using Names = std::span<const std::uint64_t>;

std::size_t leading(const BlockLru& tier, Names blocks, std::size_t from) {
    std::size_t i = from;
    while (i < blocks.size() && tier.contains(blocks[i])) ++i;
    return i - from;
}

void touch(BlockLru& tier, Names blocks) {
    for (std::size_t i = blocks.size(); i-- > 0;) tier.touch(blocks[i]);
}

}  // namespace

PrefixCache::Hit PrefixCache::peek(Names blocks) const {
    const std::size_t memory = leading(memory_, blocks, 0);
    const std::size_t disk   = disk_ ? leading(*disk_, blocks, memory) : 0;
    return {static_cast<std::int64_t>(memory), static_cast<std::int64_t>(disk)};
}

PrefixCache::Hit PrefixCache::lookup(Names blocks) {
    const Hit hit     = peek(blocks);
    const auto memory = static_cast<std::size_t>(hit.memory), disk = static_cast<std::size_t>(hit.disk);
    touch(memory_, blocks.first(memory));
    if (disk > 0) touch(*disk_, blocks.subspan(memory, disk));
    return hit;
}

void PrefixCache::insert(Names blocks) {
    for (std::size_t i = blocks.size(); i-- > 0;) {
        memory_.insert(blocks[i]);
        drop_excess();
    }
}

void PrefixCache::set_capacity(std::int64_t capacity) {
    memory_.set_capacity(capacity);
    drop_excess();
}

void PrefixCache::drop_excess() {
    while (const auto name = memory_.drop_excess()) {
        if (!disk_) continue;
        disk_->insert(*name);
        disk_->drop_excess();
    }
}

}  // namespace isobath
