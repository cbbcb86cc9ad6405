#include "sim/serve/engine/served.h"

namespace isobath::engine {

Slot Pool::add(const Served& request) {
    if (free_.empty()) {
        all_.push_back(request);
        return static_cast<Slot>(all_.size() - 1);
    }
    const Slot slot = free_.back();
    free_.pop_back();
    (*this)[slot] = request;
    return slot;
}

void Pool::release(Slot slot) {
    if (static_cast<std::size_t>(slot) < blocks_.size()) blocks_[static_cast<std::size_t>(slot)].clear();
    free_.push_back(slot);
}

std::vector<std::uint64_t>& Pool::blocks(Slot slot) {
    const auto place = static_cast<std::size_t>(slot);
    if (blocks_.size() <= place) blocks_.resize(place + 1);
    return blocks_[place];
}

std::span<const std::uint64_t> Pool::blocks(Slot slot) const {
    const auto place = static_cast<std::size_t>(slot);
    if (place >= blocks_.size()) return {};
    return blocks_[place];
}

void Pool::push_back(List& list, Slot slot) {
    Served& served                                            = (*this)[slot];
    served.prev                                               = list.tail;
    served.next                                               = kNil;
    (list.tail == kNil ? list.head : (*this)[list.tail].next) = slot;
    list.tail                                                 = slot;
}

void Pool::push_front(List& list, Slot slot) {
    Served& served                                            = (*this)[slot];
    served.prev                                               = kNil;
    served.next                                               = list.head;
    (list.head == kNil ? list.tail : (*this)[list.head].prev) = slot;
    list.head                                                 = slot;
}

void Pool::erase(List& list, Slot slot) {
    const Served& served                                          = (*this)[slot];
    (served.prev == kNil ? list.head : (*this)[served.prev].next) = served.next;
    (served.next == kNil ? list.tail : (*this)[served.next].prev) = served.prev;
}

Slot Pool::pop_front(List& list) {
    const Slot slot = list.head;
    erase(list, slot);
    return slot;
}

}  // namespace isobath::engine
