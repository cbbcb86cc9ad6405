#include "sim/serve/engine/loop.h"

#include <algorithm>

namespace isobath::engine {
namespace {

constexpr std::uint64_t kAsk    = 4096;  // events between two questions whether to go on
constexpr std::size_t kTogether = 1024;  // hand-overs of a batch

}  // namespace

Ticks Loop::Times::least() const {
    return std::min({first_change, second_change, arrival, first_step, crossing, second_step});
}

Loop::Times Loop::times() const {
    const auto& [arrivals, first, crossings, second, out] = parts_;
    return {first ? first->next_change() : kNoTicks,  second ? second->next_change() : kNoTicks,
            arrivals ? arrivals->next() : kNoTicks,   first ? first->due() : kNoTicks,
            crossings ? crossings->next() : kNoTicks, second ? second->due() : kNoTicks};
}

bool Loop::ended() const {
    const auto& [arrivals, first, crossings, second, out] = parts_;
    return (!arrivals || arrivals->next() == kNoTicks) && (!first || first->empty()) &&
           (!crossings || crossings->ended()) && (!second || second->empty());
}

bool Loop::goes_on(Ticks now) const {
    if (!hooks_.go_on) return true;
    std::uint64_t finished = 0;
    for (Fleet* fleet : {parts_.first, parts_.second}) finished += fleet ? fleet->ledger().finishes : 0;
    return hooks_.go_on(now, finished);
}

bool Loop::run() {
    const bool served = serve();
    if (parts_.out && !cut_off_) flush(kNoTicks);
    return served;
}

bool Loop::serve() {
    for (std::uint64_t event = 1; !ended(); ++event) {
        const Times next = times();
        const Ticks now  = next.least();
        if (parts_.crossings && !parts_.crossings->known(now)) {
            parts_.crossings->receive();
            continue;
        }
        if (now == kNoTicks || cut_off_ || (event % kAsk == 0 && !goes_on(now))) return false;
        happen(next, now);
    }
    return true;
}

void Loop::happen(const Times& times, Ticks now) {
    if (times.first_change == now) return change(*parts_.first, now);
    if (times.second_change == now) return change(*parts_.second, now);
    if (times.arrival == now) return arrive(now);
    if (times.first_step == now) {
        parts_.first->act(now);
        pass_on(now);
        return answer(*parts_.first);
    }
    if (times.crossing == now) return parts_.second->enter(parts_.crossings->take(), now);
    parts_.second->act(now);
    answer(*parts_.second);
}

void Loop::arrive(Ticks now) {
    const Request& request = parts_.arrivals->request();
    Fleet& fleet           = *parts_.first;
    Served served          = served_of(request, setup_);
    fleet.arrived(served, now);
    if (fits_ever(request, setup_)) {
        fleet.enter(fleet.add(served, request.blocks), now);
    } else {
        fleet.ledger().rejected(now);
        answer(fleet);
    }
    parts_.arrivals->look();
}

/// Who was in a unit that fails starts again, but for the time that he has waited.
void Loop::change(Fleet& fleet, Ticks now) {
    for (Fleet::Lost& lost : fleet.change(now)) {
        Served& served   = lost.served;
        served.cache     = Served::Cache::none;
        served.generated = served.cached = served.computed = 0;
        parts_.first->enter(parts_.first->add(served, lost.blocks), now);
    }
}

void Loop::pass_on(Ticks now) {
    std::vector<HandedOver>& handed = parts_.first->ledger().handed;
    for (HandedOver& each : handed) {
        if (parts_.out)
            batch_.handed.push_back(std::move(each));
        else
            parts_.crossings->add(each);
    }
    handed.clear();
    if (batch_.handed.size() >= kTogether) flush(now + setup_.hand_over);
}

void Loop::flush(Ticks known_until) {
    batch_.known_until = known_until;
    cut_off_           = !parts_.out->send(std::exchange(batch_, {}));
}

void Loop::answer(Fleet& fleet) {
    Ledger& ledger = fleet.ledger();
    for (; ledger.answered > 0; --ledger.answered)
        if (parts_.arrivals) parts_.arrivals->answered(fleet.now() + after_of(setup_));
}

}  // namespace isobath::engine
