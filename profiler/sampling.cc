#include "profiler/sampling.h"

#include <algorithm>

#include "hw/quantile.h"

namespace isobath {

std::optional<Stopped> StoppingRule::verdict(const Statistics& kept, int taken, Seconds spent) const {
    if (kept.count() >= min_samples && kept.noise() <= max_noise) return Stopped::noise;
    if (taken >= max_samples) return Stopped::samples;
    if (taken > 0 && spent >= wall_time) return Stopped::wall_time;
    return std::nullopt;
}

bool ClockJudge::keep(int mhz) {
    if (mhz == 0) return true;
    highest_ = std::max(highest_, mhz);
    if (mhz >= share_ * highest_) {
        low_in_a_row_ = 0;
        return true;
    }
    if (++low_in_a_row_ < patience_) return false;
    highest_      = mhz;
    low_in_a_row_ = 0;
    return true;
}

Sampled sample(const StoppingRule& rule, ClockJudge& judge, const std::function<Sample()>& take,
               const std::function<Seconds()>& now, const std::function<void()>& rest) {
    Sampled out;
    std::vector<double> clocks;
    const Seconds start = now();
    for (int taken = 0;; ++taken) {
        if (const auto why = rule.verdict(out.times, taken, now() - start)) {
            out.stopped   = *why;
            out.clock_mhz = static_cast<int>(quantile(clocks, 0.5));
            return out;
        }
        const Sample one = take();
        if (one.valid && judge.keep(one.clock_mhz)) {
            out.times.add(one.time);
            clocks.push_back(one.clock_mhz);
        } else {
            ++out.discarded;
            rest();
        }
    }
}

}  // namespace isobath
