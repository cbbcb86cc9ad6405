/// Requests on their way to the decode fleet.
#pragma once

#include <vector>

#include "sim/serve/engine/channel.h"
#include "sim/serve/engine/fleet.h"

namespace isobath::engine {

/// In order of time, then of number. They are in the second fleet's pool already.
class Crossings {
  public:
    /// With `in`, more of them come from another thread.
    explicit Crossings(Fleet& fleet, Channel* in = nullptr)
        : fleet_(fleet), in_(in), known_until_(in ? 0 : kNoTicks) {}

    void add(HandedOver& handed);
    Ticks next() const { return heap_.empty() ? kNoTicks : heap_.front().at; }
    Slot take();
    /// Waits until nothing can come any more that is not later than `time`.
    bool known(Ticks time) const { return time < known_until_ || known_until_ == kNoTicks; }
    void receive();
    bool ended() const { return known_until_ == kNoTicks; }

  private:
    struct Crossing {
        Ticks at;
        std::uint64_t id;
        Slot slot;
    };
    static bool later(const Crossing& a, const Crossing& b) {
        return a.at != b.at ? a.at > b.at : a.id > b.id;
    }

    Fleet& fleet_;
    Channel* in_;
    Ticks known_until_;
    std::vector<Crossing> heap_;
};

}  // namespace isobath::engine
