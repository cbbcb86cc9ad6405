#include "sim/serve/simulate.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <stdexcept>
#include <thread>

#include "sim/serve/engine/loop.h"
#include "sim/serve/engine/report.h"

namespace isobath {
namespace {

using namespace engine;

struct Deployment {
    Deployment(const ServeSetup& whole, RequestSource& source, const ServeHooks& all_hooks)
        : setup(whole), hooks(all_hooks), arrivals(whole, source), first(whole.first, whole, all_hooks, 0) {
        if (whole.first.unit.role == UnitRole::prefill) second.emplace(whole.second, whole, all_hooks, 1);
    }
    /// Nothing that happens in the second fleet reaches the first.
    bool feeds_forward(RequestSource& source) const {
        return second && !source.listens() && setup.failures.mean_between <= 0;
    }

    const ServeSetup& setup;
    const ServeHooks& hooks;
    Arrivals arrivals;
    Fleet first;
    std::optional<Fleet> second;
};

bool run_together(Deployment& d) {
    if (!d.second) return Loop(d.setup, d.hooks, {&d.arrivals, &d.first}).run();
    Crossings crossings(*d.second);
    return Loop(d.setup, d.hooks, {&d.arrivals, &d.first, &crossings, &*d.second}).run();
}

/// The prefill fleet on a thread of its own.
class Ahead {
  public:
    Ahead(Deployment& d, Channel& channel) : channel_(channel), thread_([this, &d] { run(d); }) {}
    ~Ahead() { join(); }
    Ahead(const Ahead&)            = delete;
    Ahead& operator=(const Ahead&) = delete;
    bool join() {
        channel_.abandon();
        if (thread_.joinable()) thread_.join();
        return ended_;
    }
    void check() const {
        if (thrown_) std::rethrow_exception(thrown_);
    }

  private:
    void run(Deployment& d) {
        try {
            const ServeHooks silent;
            ended_ =
                Loop(d.setup, silent, {.arrivals = &d.arrivals, .first = &d.first, .out = &channel_}).run();
        } catch (...) {
            thrown_ = std::current_exception();
        }
        channel_.close();
    }

    Channel& channel_;
    bool ended_ = false;
    std::exception_ptr thrown_;
    std::thread thread_;
};

bool run_beside(Deployment& d) {
    Channel channel;
    Ahead ahead(d, channel);
    Crossings crossings(*d.second, &channel);
    const bool ended = Loop(d.setup, d.hooks, {.crossings = &crossings, .second = &*d.second}).run();
    const bool all   = ahead.join();
    ahead.check();
    return ended && all;
}

void check(const ServeSetup& setup) {
    const bool split = setup.first.unit.role == UnitRole::prefill;
    if (setup.first.unit.role == UnitRole::decode || (split && setup.second.unit.role != UnitRole::decode))
        throw std::logic_error("a deployment is aggregated units, or prefill units before decode units");
    for (const FleetSpec* fleet : {&setup.first, &setup.second})
        if ((fleet == &setup.first || split) && (!fleet->unit.steps || fleet->unit.ranks < 1))
            throw std::logic_error("a unit needs ranks and a table of its steps");
}

/// All that either fleet has seen.
Ticks end_of(Deployment& d, bool ended) {
    Ticks end = 0;
    for (Fleet* fleet : {&d.first, d.second ? &*d.second : nullptr})
        if (fleet) end = std::max(end, ended ? fleet->ledger().last_answer : fleet->now());
    return end;
}

}  // namespace

ServeResult simulate(const ServeSetup& setup, RequestSource& source, const ServeHooks& hooks, int threads) {
    check(setup);
    Deployment d(setup, source, hooks);
    const bool beside = threads > 1 && !hooks.event && d.feeds_forward(source);
    const bool ended  = beside ? run_beside(d) : run_together(d);
    return report(d.first, d.second ? &*d.second : nullptr, end_of(d, ended), !ended);
}

}  // namespace isobath
