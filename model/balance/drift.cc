#include "model/balance/drift.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

constexpr double kMostRebalances = 10'000;

void require(bool good, const std::string& what) {
    if (!good) throw SpecError(what);
}

void check_drift(const DriftSpec& d) {
    require(d.drift > Seconds{} && d.interval > Seconds{} && d.window >= Seconds{},
            "a drift, interval or window below 0; expected a drift and an interval above 0, a window from 0");
    require(d.drift / d.interval <= kMostRebalances,
            fmt::format("{:g} rebalances; expected at most {:g}", d.drift / d.interval, kMostRebalances));
    require(d.samples >= 1 && d.samples <= 1000, fmt::format("{} samples; expected 1 to 1000", d.samples));
}

/// The share of `to` in the load at this part of the passage.
double mix_at(double part) {
    return std::clamp(part, 0.0, 1.0);
}

/// The mean of mix_at over [end - width, end].
double mean_mix(double end, double width) {
    const auto sum = [](double x) { return x <= 0 ? 0 : x <= 1 ? x * x / 2 : x - 0.5; };
    return width > 1e-12 ? (sum(end) - sum(end - width)) / width : mix_at(end);
}

/// The passage: time runs from 0 to 1.
class Passage {
  public:
    Passage(const ExpertLoad& from, const ExpertLoad& to, const EplbShape& shape, const DriftSpec& drift)
        : from_(from),
          to_(to),
          shape_(shape),
          interval_(drift.interval / drift.drift),
          window_(drift.window / drift.drift),
          samples_(drift.samples) {}

    void run() {
        for (int i = 0; i * interval_ < 1 - 1e-9; ++i)
            follow(i * interval_, std::min(1.0, (i + 1) * interval_));
    }

    DriftResult out{
        .mean_over_max = 0, .fresh = 0, .at_start = {}, .at_end = {}, .moved_per_gpu = {}, .pause = {}};
    double fetched = 0;  ///< by the busiest GPU, over all rebalances
    int moves      = 0;

  private:
    void follow(double begin, double end) {
        replan(begin);
        for (int i = 0; i < samples_; ++i) {
            const ExpertLoad now = mixed(from_, to_, begin + (end - begin) * (i + 0.5) / samples_);
            const double part    = (end - begin) / samples_;
            out.mean_over_max += part * mean_over_max(now, plan_);
            rebalance_experts(now, shape_, scratch_, fresh_);
            out.fresh += part * mean_over_max(now, fresh_);
        }
        out.at_start.push_back(mean_over_max(mixed(from_, to_, begin), plan_));
        out.at_end.push_back(mean_over_max(mixed(from_, to_, end), plan_));
    }

    void replan(double now) {
        std::swap(plan_, before_);
        rebalance_experts(mixed(from_, to_, mean_mix(now, window_)), shape_, scratch_, plan_);
        if (before_.layers == 0) return;
        const std::vector<double> fetch = experts_fetched(before_, plan_);
        fetched += *std::max_element(fetch.begin(), fetch.end());
        ++moves;
    }

    const ExpertLoad &from_, &to_;
    EplbShape shape_;
    double interval_, window_;
    int samples_;
    EplbScratch scratch_;
    ExpertPlacement plan_, before_, fresh_;
};

}  // namespace

double foreign_mean_over_max(const ExpertLoad& planned, const ExpertLoad& judged, const EplbShape& shape) {
    require_same_shape(planned, judged);
    return mean_over_max(judged, rebalance_experts(planned, shape));
}

std::vector<double> experts_fetched(const ExpertPlacement& before, const ExpertPlacement& after) {
    require(before.layers == after.layers && before.experts == after.experts && before.gpus == after.gpus,
            "two placements of different models or GPUs; expected the same layers, experts and GPUs");
    std::vector<double> fetched(std::size_t(after.gpus));
    const auto old_each = std::size_t(before.slots_per_gpu()), each = std::size_t(after.slots_per_gpu());
    for (int l = 0; l < after.layers; ++l)
        for (std::size_t g = 0; g < fetched.size(); ++g) {
            const auto had = before.slots(l).subspan(g * old_each, old_each),
                       has = after.slots(l).subspan(g * each, each);
            for (auto slot = has.begin(); slot != has.end(); ++slot)
                fetched[g] += std::find(had.begin(), had.end(), *slot) == had.end() &&
                              std::find(has.begin(), slot, *slot) == slot;
        }
    return fetched;
}

DriftResult simulate_drift(const ExpertLoad& from, const ExpertLoad& to, const EplbShape& shape,
                           const DriftSpec& drift, const MoveCost& cost) {
    require_same_shape(from, to);
    check_drift(drift);
    require(cost.bandwidth > BytesPerSecond{} && cost.expert >= Bytes{},
            "an expert below 0 bytes or a bandwidth of 0; expected a bandwidth above 0");
    Passage passage(from, to, shape, drift);
    passage.run();
    DriftResult out   = std::move(passage.out);
    out.moved_per_gpu = passage.moves > 0 ? cost.expert * (passage.fetched / passage.moves) : Bytes{};
    out.pause         = out.moved_per_gpu / cost.bandwidth;
    out.kept          = drift.interval / (drift.interval + out.pause);
    return out;
}

}  // namespace isobath
