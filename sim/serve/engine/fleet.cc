#include "sim/serve/engine/fleet.h"

#include <algorithm>

namespace isobath::engine {

Fleet::Fleet(const FleetSpec& spec, const ServeSetup& setup, const ServeHooks& hooks, int index)
    : spec_(spec),
      context_(spec, setup, hooks, index),
      service_(spec, setup.failures, setup.seed, index),
      dues_(static_cast<std::size_t>(service_.units()), kNoTicks) {
    units_.reserve(static_cast<std::size_t>(service_.units()));
    for (int unit = 0; unit < service_.units(); ++unit) units_.emplace_back(context_, unit);
    count_paid();
}

void Fleet::advance(Ticks now) {
    now_ = std::max(now_, now);
    context_.ledger.series.advance(now);
}

void Fleet::arrived(const Served& served, Ticks now) {
    advance(now);
    ++context_.ledger.arrivals;
    ++context_.ledger.series.current().arrived;
    context_.ledger.tell(ServeEvent::Kind::arrived, served, -1, served.arrival, now, served.prompt);
}

Slot Fleet::add(const Served& served, std::span<const std::uint64_t> blocks) {
    const Slot slot = context_.pool.add(served);
    if (!blocks.empty() && context_.setup.first.unit.prefix.on)
        context_.pool.blocks(slot).assign(blocks.begin(), blocks.end());
    return slot;
}

void Fleet::enter(Slot slot, Ticks now) {
    advance(now);
    context_.ledger.waits();
    if (service_.taking().empty()) return context_.pool.push_back(held_, slot);
    send(slot, now);
}

void Fleet::send(Slot slot, Ticks now) {
    const auto unit = static_cast<std::size_t>(pick(slot));
    if (units_[unit].receive(slot)) dues_.set(unit, now);
}

void Fleet::act(Ticks now) {
    advance(now);
    const std::size_t unit = dues_.first();
    dues_.set(unit, units_[unit].act(now));
    if (static_cast<int>(unit) >= service_.paid()) count_paid();
}

/// A unit that has left is paid until its last request has ended.
void Fleet::count_paid() {
    std::int64_t paid = service_.paid();
    for (int unit = service_.paid(); unit < service_.units(); ++unit)
        paid += units_[static_cast<std::size_t>(unit)].requests() > 0;
    context_.ledger.series.levels.paid = paid;
}

std::vector<Fleet::Lost> Fleet::change(Ticks now) {
    advance(now);
    const int failed = service_.change();
    std::vector<Lost> lost;
    if (failed >= 0) lost = take_lost(failed, now);
    while (!held_.empty() && !service_.taking().empty()) send(context_.pool.pop_front(held_), now);
    count_paid();
    return lost;
}

std::vector<Fleet::Lost> Fleet::take_lost(int unit, Ticks now) {
    std::vector<Lost> lost;
    dues_.set(static_cast<std::size_t>(unit), kNoTicks);
    for (const Slot slot : units_[static_cast<std::size_t>(unit)].fail()) {
        const Served& served = context_.pool[slot];
        context_.ledger.tell(ServeEvent::Kind::failed, served, unit, now, now, served.generated);
        lost.push_back({served, context_.pool.blocks(slot)});
        context_.pool.release(slot);
    }
    std::sort(lost.begin(), lost.end(),
              [](const Lost& a, const Lost& b) { return a.served.id < b.served.id; });
    ++context_.ledger.failures;
    context_.ledger.retried += lost.size();
    return lost;
}

void Fleet::close(Ticks end) {
    while (next_change() <= end) change(next_change());
    advance(end);
}

}  // namespace isobath::engine
