/// What one fleet has done: for its users, in total and over time.
#pragma once

#include <algorithm>
#include <vector>

#include "sim/serve/engine/series.h"
#include "sim/serve/simulate.h"

namespace isobath::engine {

/// A request whose prompt is done and whose decoding begins elsewhere.
struct HandedOver {
    Ticks at = 0;  ///< when it reaches the other fleet
    Served served;
    std::vector<std::uint64_t> blocks;  ///< where they may be asked for again
};

/// Units write here; the loop over events takes out who was handed over and how many were answered.
class Ledger {
  public:
    Ledger(const ServeSetup& setup, const ServeHooks& hooks, int fleet, int ranks);

    /// One more request waits for admission.
    void waits() { waiting_max = std::max(waiting_max, ++series.levels.waiting); }
    void admitted(const Served& served, Ticks now);
    void first_token(const Served& served);
    /// From the end of a prompt's prefill to the decode units.
    Ticks crossing(const Served& served) const;
    HandedOver& handed_over(const Served& served, int unit, Ticks now);
    void finished(const Served& served, int unit, Ticks now);
    void rejected(Ticks now);
    /// A decode step of `requests` ended whose last tokens came at `last`.
    void gap(Ticks last, Ticks now, std::int64_t requests) {
        if (now >= setup_.warm_up) between_tokens.add(now - last, static_cast<std::uint64_t>(requests));
    }
    void tell(ServeEvent::Kind kind, const Served& served, int unit, Ticks at, Ticks until,
              std::int64_t tokens) const {
        if (tells_) tell({kind, at, until, served.id, fleet_, unit, served.rank, tokens});
    }
    void tell(const ServeEvent& event) const;

    Series series;
    Quantiles ttft, tpot, e2e, queue, between_tokens, step_time;
    std::uint64_t arrivals = 0, finishes = 0, counted = 0, rejects = 0, within_slo = 0;
    std::int64_t input_tokens = 0, cached_tokens = 0, output_tokens = 0;  ///< of counted requests
    std::uint64_t steps = 0, prefill_steps = 0, preemptions = 0, failures = 0, retried = 0;
    std::int64_t waiting_max = 0;
    Tokens cache_max         = 0;  ///< of any rank
    std::vector<std::int64_t> rank_tokens;
    std::vector<HandedOver> handed;
    int answered      = 0;  ///< since the loop looked last
    Ticks last_answer = 0;

  private:
    bool counts(const Served& served) const { return served.arrival >= setup_.warm_up; }
    void answer(Ticks now);

    const ServeSetup& setup_;
    const ServeHooks& hooks_;
    std::int32_t fleet_;
    bool tells_;
};

/// The halves of the front end's time, before the scheduler sees a request and after its tokens are made.
inline Ticks before_of(const ServeSetup& setup) {
    return setup.front_end / 2;
}
inline Ticks after_of(const ServeSetup& setup) {
    return setup.front_end - setup.front_end / 2;
}

}  // namespace isobath::engine
