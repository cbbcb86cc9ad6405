#include "sim/serve/engine/finish_ring.h"

namespace isobath::engine {

void FinishRing::add(Pool& pool, Slot slot) {
    Served& served             = pool[slot];
    std::vector<Entry>& bucket = this->bucket(served.finish_step);
    served.ring_place          = static_cast<std::int32_t>(bucket.size());
    bucket.push_back({slot, round_of(served.finish_step)});
}

void FinishRing::remove(Pool& pool, Slot slot) {
    const Served& served       = pool[slot];
    std::vector<Entry>& bucket = this->bucket(served.finish_step);
    const Entry last           = bucket.back();
    bucket.pop_back();
    if (last.slot == slot) return;
    bucket[static_cast<std::size_t>(served.ring_place)] = last;
    pool[last.slot].ring_place                          = served.ring_place;
}

const std::vector<Slot>& FinishRing::take(Pool& pool, std::int64_t step) {
    std::vector<Entry>& bucket = this->bucket(step);
    const std::int32_t round   = round_of(step);
    ending_.clear();
    std::size_t kept = 0;
    for (const Entry entry : bucket) {
        if (entry.round == round) {
            ending_.push_back(entry.slot);
            continue;
        }
        pool[entry.slot].ring_place = static_cast<std::int32_t>(kept);
        bucket[kept++]              = entry;
    }
    bucket.resize(kept);
    return ending_;
}

void FinishRing::clear() {
    for (std::vector<Entry>& bucket : buckets_) bucket.clear();
}

}  // namespace isobath::engine
