/// Small deployments of every kind, made up from a seed.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "sim/serve/draws.h"
#include "sim/serve/sources/loop_source.h"
#include "tests/sim/serve/made_up.h"

namespace isobath {

/// A deployment and what it is asked.
class RandomSetup {
  public:
    explicit RandomSetup(std::uint64_t seed) : draws_(seed, 77, 0) {
        setup.seed       = seed;
        const bool split = chance(0.4);
        fleet(setup.first, split ? UnitRole::prefill : UnitRole::aggregated);
        if (split) fleet(setup.second, UnitRole::decode);
        setup.router            = RouterRule(below(3));
        setup.prefix_margin     = int(below(4));
        setup.front_end         = chance(0.5) ? 0 : Ticks(below(4'000));
        setup.hand_over         = chance(0.3) ? 0 : Ticks(below(5'000));
        setup.hand_over_ns      = chance(0.3) ? 0 : double(below(300)) / 7;
        setup.first_token_waits = seed % 2 == 1;
        if (chance(0.3)) setup.failures = {Ticks(20'000 + below(400'000)), Ticks(below(100'000))};
        setup.warm_up      = chance(0.7) ? 0 : Ticks(below(30'000));
        setup.stop         = chance(0.8) ? 0 : Ticks(20'000 + below(30'000));
        setup.slo_ttft     = chance(0.5) ? 0 : Ticks(below(20'000));
        setup.slo_tpot     = chance(0.5) ? 0 : Ticks(below(3'000));
        setup.series_every = chance(0.5) ? 0 : Ticks(1'000 + below(100'000));
        ask();
    }

    /// The same requests at every call.
    std::unique_ptr<RequestSource> source() const {
        if (clients_ == 0) return std::make_unique<ListSource>(requests_);
        Asks asks;
        asks.requests = requests_.size();
        asks.seed     = setup.seed;
        asks.lengths  = lengths_;
        const ClosedLoop loop{clients_, 1000, 0, think_, think_ > 0};
        return std::make_unique<LoopSource>(loop, asks);
    }

    ServeSetup setup;

  private:
    std::uint64_t below(std::uint64_t n) { return draws_.whole(n); }
    bool chance(double share) { return draws_.uniform() < share; }

    void fleet(FleetSpec& fleet, UnitRole role) {
        fleet.count     = 1 + int(below(3));
        fleet.unit.gpus = 1 + int(setup.seed % 3);
        fleet.spare     = chance(0.7) ? 0 : 1;
        if (chance(0.25)) {
            for (Ticks at = Ticks(below(20'000)); at < 200'000; at += 1 + Ticks(below(60'000)))
                fleet.schedule.push_back({at, int(below(4))});
            fleet.schedule.push_back({250'000, 1 + int(below(3))});
            fleet.repeats_daily = chance(0.5);
        }
        unit(fleet.unit, role);
    }

    void unit(UnitSpec& unit, UnitRole role) {
        unit.role             = role;
        unit.policy           = SchedulePolicy(below(2));
        unit.ranks            = 1 + int(below(4));
        unit.cache_tokens     = 40 + std::int64_t(below(100));
        unit.max_running      = chance(0.5) ? 1 << 30 : 1 + int(below(5));
        unit.chunk            = 2 + std::int64_t(below(60));
        unit.receive_interval = chance(0.5) ? 1 : 1 + int(below(4));
        unit.balance_wait     = chance(0.5) ? 0 : int(below(4));
        unit.answer_reserved  = chance(0.3) ? 1 : chance(0.5) ? 0 : double(below(100)) / 99;
        unit.preemption       = Preemption(below(2));
        unit.swap_ns          = chance(0.3) ? 0 : double(below(500)) / 9;
        unit.accepted         = accepted();
        unit.speculation_ns   = chance(0.5) ? 0 : double(below(200)) / 3;
        unit.steps            = LinearSteps{double(200 + below(1'000)), double(below(100)), double(below(9)),
                                 double(100 + below(1'000)), double(below(60)),  double(below(20))}
                         .table();
        if (chance(0.4))
            unit.rebalance_every = 5'000 + Ticks(below(50'000)), unit.rebalance_pause = Ticks(below(5'000));
        if (role != UnitRole::decode && chance(0.4)) prefix(unit.prefix);
    }

    void prefix(PrefixCacheSpec& prefix) {
        prefix.on           = true;
        prefix.block_tokens = 1 + int(below(6));
        prefix.tokens       = chance(0.5) ? -1 : double(below(120));
        prefix.disk_tokens  = chance(0.5) ? 0 : double(below(200));
        prefix.disk_ns      = chance(0.2) ? 0 : double(below(300)) / 7;
    }

    std::vector<double> accepted() {
        if (chance(0.4)) return {1};
        std::vector<double> chances(1 + below(4));
        for (double& each : chances) each = chance(0.2) ? 0 : draws_.uniform();
        chances.back() += 0.1;
        return chances;
    }

    void ask() {
        requests_.resize(1 + below(60));
        blocks_.resize(requests_.size());
        const std::uint64_t gap = chance(0.3) ? 1 : 1 + below(4'000), longest = 1 + below(60),
                            most = 1 + below(50);
        Ticks at                 = 0;
        for (std::size_t i = 0; i < requests_.size(); ++i) {
            at += chance(0.3) ? 0 : Ticks(below(gap));
            if (chance(0.01)) at += pause();
            name_blocks(blocks_[i]);
            requests_[i] = {i,
                            at,
                            1 + int(below(longest)),
                            1 + int(below(most)),
                            chance(0.8) ? 0 : int(below(longest)),
                            blocks_[i]};
        }
        if (chance(0.75)) return;
        clients_        = 1 + int(below(8));
        think_          = chance(0.5) ? 0 : Ticks(below(3'000));
        lengths_.prompt = LengthLaw::uniform(1, int(longest)),
        lengths_.answer = LengthLaw::uniform(1, int(most));
    }

    /// Over a day where nothing goes on meanwhile.
    Ticks pause() {
        const bool long_one = setup.failures.mean_between == 0 && setup.series_every == 0 && chance(0.2);
        return long_one ? 86'400'000'000'000 : 300'000;
    }

    /// Families of prompts that begin alike.
    void name_blocks(std::vector<std::uint64_t>& blocks) {
        std::uint64_t name = 1 + below(3);
        for (std::uint64_t i = below(12); i > 0; --i)
            blocks.push_back(name = mix64(name * 8 + (chance(0.2) ? below(2) : 0)));
    }

    Draws draws_;
    std::vector<Request> requests_;
    std::vector<std::vector<std::uint64_t>> blocks_;
    int clients_ = 0;
    Ticks think_ = 0;
    LengthLaws lengths_;
};

}  // namespace isobath
