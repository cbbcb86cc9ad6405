#include "sim/serve/engine/finish_ring.h"

namespace isobath::engine {

void FinishRing::add(Pool& pool, Slot slot) {
    Served& served   = pool[slot];
    Slot& first      = head(served.finish_step);
    served.ring_prev = kNil;
    served.ring_next = first;
    if (first != kNil) pool[first].ring_prev = slot;
    first = slot;
}

void FinishRing::remove(Pool& pool, Slot slot) {
    const Served& served = pool[slot];
    (served.ring_prev == kNil ? head(served.finish_step) : pool[served.ring_prev].ring_next) =
        served.ring_next;
    if (served.ring_next != kNil) pool[served.ring_next].ring_prev = served.ring_prev;
}

Slot FinishRing::take(Pool& pool, std::int64_t step) {
    Slot met = head(step), ending = kNil;
    head(step) = kNil;
    while (met != kNil) {
        const Slot following = pool[met].ring_next;
        if (pool[met].finish_step == step) {
            pool[met].ring_next = ending;
            ending              = met;
        } else {
            add(pool, met);
        }
        met = following;
    }
    return ending;
}

}  // namespace isobath::engine
