#include "sim/serve/engine/series.h"

namespace isobath::engine {
namespace {

constexpr std::size_t kMost = 512;  // samples where the interval is ours to choose: 257 to 512 in the end
constexpr Ticks kShortest   = 1'953'125;  // 1/512 s, so that the doubled ones are whole seconds

}  // namespace

void Series::Sample::add(const Sample& other) {
    arrived += other.arrived, finished += other.finished;
    input += other.input, cached += other.cached, output += other.output;
    running += other.running, waiting += other.waiting, busy += other.busy, paid += other.paid;
    cache += other.cache;
    ttft.add(other.ttft), tpot.add(other.tpot);
}

Series::Series(Ticks every)
    : chosen_(every <= 0), every_(chosen_ ? kShortest : every), end_(every_), samples_(1) {}

void Series::integrate(Ticks until) {
    const Integral time = until - now_;
    Sample& sample      = samples_.back();
    sample.running += time * levels.running;
    sample.waiting += time * levels.waiting;
    sample.busy += time * levels.busy;
    sample.paid += time * levels.paid;
    sample.cache += time * levels.cache;
    now_ = until;
}

void Series::cross() {
    integrate(end_);
    if (chosen_ && samples_.size() == kMost) halve();
    samples_.emplace_back();
    end_ += every_;
}

void Series::halve() {
    for (std::size_t i = 0; i < kMost / 2; ++i) {
        Sample both = std::move(samples_[2 * i]);
        both.add(samples_[2 * i + 1]);
        samples_[i] = std::move(both);
    }
    samples_.resize(kMost / 2);
    every_ *= 2;
}

}  // namespace isobath::engine
