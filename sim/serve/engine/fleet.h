/// Units of one kind, and who of them gets a request.
#pragma once

#include "sim/serve/engine/service.h"
#include "sim/serve/engine/unit.h"

namespace isobath::engine {

/// Events of a fleet: a request enters, a unit has something due, the number of units in service changes.
/// Each is told the time, which never goes back.
class Fleet {
  public:
    Fleet(const FleetSpec& spec, const ServeSetup& setup, const ServeHooks& hooks, int index);

    void arrived(const Served& served, Ticks now);  ///< at the front end, whether it can be served or not
    Slot add(const Served& served, std::span<const std::uint64_t> blocks);
    /// To a unit, or to wait for one.
    void enter(Slot slot, Ticks now);

    Ticks due() const { return dues_.least(); }
    void act(Ticks now);  ///< of the unit that is due

    Ticks next_change() const { return service_.next(); }
    /// Requests of a unit that fails come back, in order of their numbers.
    struct Lost {
        Served served;
        std::vector<std::uint64_t> blocks;
    };
    std::vector<Lost> change(Ticks now);

    /// Changes of service up to here, and the levels' integrals.
    void close(Ticks end);
    bool empty() const { return context_.pool.size() == 0; }
    Ledger& ledger() { return context_.ledger; }
    const FleetSpec& spec() const { return spec_; }
    Ticks now() const { return now_; }

  private:
    void advance(Ticks now);
    std::int64_t load(int unit) const;
    int pick(Slot slot);
    int next_in_turn();
    int with_prefix(Slot slot) const;
    void send(Slot slot, Ticks now);
    void send_held(Ticks now);
    void count_paid();
    std::vector<Lost> take_lost(int unit, Ticks now);

    const FleetSpec& spec_;
    FleetContext context_;
    Service service_;
    std::vector<Unit> units_;
    MinTree dues_;
    List held_;      ///< no unit takes them now
    int turn_  = 0;  ///< of the round robin
    Ticks now_ = 0;
};

}  // namespace isobath::engine
