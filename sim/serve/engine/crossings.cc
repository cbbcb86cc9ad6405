#include "sim/serve/engine/crossings.h"

#include <algorithm>

namespace isobath::engine {

void Crossings::add(HandedOver& handed) {
    heap_.push_back({handed.at, handed.served.id, fleet_.add(handed.served, handed.blocks)});
    std::push_heap(heap_.begin(), heap_.end(), later);
}

Slot Crossings::take() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Slot slot = heap_.back().slot;
    heap_.pop_back();
    return slot;
}

void Crossings::receive() {
    Channel::Batch batch = in_->receive();
    for (HandedOver& handed : batch.handed) add(handed);
    known_until_ = batch.known_until;
}

}  // namespace isobath::engine
