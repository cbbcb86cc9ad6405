/// How much of everything a fleet held, over time.
#pragma once

#include <vector>

#include "sim/serve/engine/served.h"
#include "sim/serve/quantiles.h"

namespace isobath::engine {

/// What there is of everything now, in all units of a fleet.
struct Levels {
    std::int64_t running = 0, waiting = 0;  ///< requests admitted; requests not yet admitted
    std::int64_t busy = 0, paid = 0;        ///< units in a step; units that somebody pays
    Tokens cache = 0;
};

/// Integrals of levels and counts of events over equal intervals. Whole numbers, so that the order of adding
/// never shows. Without a stated interval it doubles, two samples becoming one, as the run grows.
class Series {
  public:
    using Integral = __int128;
    struct Sample {
        std::uint64_t arrived = 0, finished = 0;
        std::int64_t input = 0, cached = 0, output = 0;  ///< tokens
        Integral running = 0, waiting = 0, busy = 0, paid = 0, cache = 0;
        Quantiles ttft, tpot;
        void add(const Sample& other);
    };

    explicit Series(Ticks every);
    /// Time passes: the levels held until `now`. Call before they change.
    void advance(Ticks now) {
        if (now <= now_) return;
        while (now >= end_) cross();
        integrate(now);
    }
    Sample& current() { return samples_.back(); }
    const std::vector<Sample>& samples() const { return samples_; }
    Ticks every() const { return every_; }

    Levels levels;

  private:
    void integrate(Ticks until);
    void cross();
    void halve();

    bool chosen_;  ///< by the length of the run
    Ticks every_, end_, now_ = 0;
    std::vector<Sample> samples_;
};

}  // namespace isobath::engine
