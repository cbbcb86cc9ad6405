#include "sim/serve/engine/ledger.h"

#include <algorithm>
#include <cmath>

namespace isobath::engine {

Ledger::Ledger(const ServeSetup& setup, const ServeHooks& hooks, int fleet, int ranks)
    : series(setup.series_every),
      rank_tokens(static_cast<std::size_t>(ranks), 0),
      setup_(setup),
      hooks_(hooks),
      fleet_(fleet),
      tells_(static_cast<bool>(hooks.event)) {}

void Ledger::tell(const ServeEvent& event) const {
    if (tells_) hooks_.event(event);
}

void Ledger::admitted(const Served& served, Ticks now) {
    if (counts(served)) queue.add(now - served.reached);
}

void Ledger::first_token(const Served& served) {
    const Ticks taken      = served.first_token + after_of(setup_) - served.arrival;
    Series::Sample& sample = series.current();
    sample.ttft.add(taken);
    sample.input += served.prompt, sample.cached += served.cached;
    if (!counts(served)) return;
    ttft.add(taken);
    input_tokens += served.prompt, cached_tokens += served.cached;
}

Ticks Ledger::crossing(const Served& served) const {
    return setup_.hand_over + std::llround(setup_.hand_over_ns * served.prompt);
}

HandedOver& Ledger::handed_over(const Served& served, int unit, Ticks now) {
    const Ticks at = now + crossing(served);
    tell(ServeEvent::Kind::handed_over, served, unit, now, at, served.prompt);
    return handed.emplace_back(HandedOver{at, served, {}});
}

void Ledger::finished(const Served& served, int unit, Ticks now) {
    tell(ServeEvent::Kind::finished, served, unit, now, now, served.answer);
    answer(now);
    ++finishes;
    const Ticks first    = served.first_token + after_of(setup_) - served.arrival;
    const Ticks a_token  = served.answer > 1 ? (now - served.first_token) / (served.answer - 1) : 0;
    Series::Sample& part = series.current();
    ++part.finished;
    part.output += served.answer;
    if (served.answer > 1) part.tpot.add(a_token);
    if (!counts(served)) return;
    ++counted;
    output_tokens += served.answer;
    if (served.answer > 1) tpot.add(a_token);
    e2e.add(now + after_of(setup_) - served.arrival);
    within_slo += (setup_.slo_ttft <= 0 || first <= setup_.slo_ttft) &&
                  (setup_.slo_tpot <= 0 || a_token <= setup_.slo_tpot);
}

void Ledger::rejected(Ticks now) {
    ++rejects;
    answer(now);
}

void Ledger::answer(Ticks now) {
    ++answered;
    last_answer = std::max(last_answer, now + after_of(setup_));
}

}  // namespace isobath::engine
