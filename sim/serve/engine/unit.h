/// One unit: ranks that step together, each with requests of its own.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "sim/serve/engine/finish_ring.h"
#include "sim/serve/engine/fleet_context.h"
#include "sim/serve/engine/min_tree.h"
#include "sim/serve/prefix_cache.h"

namespace isobath::engine {

/// Waits, steps or pauses; act() is called when that ends. In act() what was done takes effect, the queue is
/// looked at, requests are admitted, and the next step begins.
class Unit {
  public:
    Unit(FleetContext& fleet, int index);

    /// A request comes; true if it wakes the unit.
    bool receive(Slot slot);
    /// Ends what is under way and begins the next thing; returns its end, kNoTicks when there is nothing to
    /// do.
    Ticks act(Ticks now);
    /// Everything that it holds is lost; the requests are named in no order.
    std::vector<Slot> fail();
    /// Blocks of a prompt that the best rank holds.
    std::int64_t blocks_held(std::span<const std::uint64_t> blocks) const;

    std::int64_t requests() const { return requests_; }  ///< waiting and running
    std::int64_t backlog() const {
        return backlog_;
    }  ///< prompt tokens not computed, those said to be cached aside

  private:
    enum class State : std::uint8_t { idle, step, pause };
    struct Rank {
        List queue, prompts, running;
        std::int64_t promised = 0;  ///< tokens that the admitted will hold in the end
        std::int64_t soon     = 0;  ///< tokens that prompts add before anybody can give way
        std::int32_t admitted = 0, decoding = 0;
        std::int64_t swapping = 0,
                     loading  = 0;  ///< tokens moved since the last step: cache; blocks from disk
    };
    /// New tokens of a rank in a step.
    struct Piece {
        std::int64_t tokens = 0, twice_attended = 0;
    };
    struct Step {
        bool decodes = false, prefills = false;
    };

    // looking at the queue: unit_look.cc
    void look();
    int pick_rank(Slot slot);
    int rank_with_prefix(std::span<const std::uint64_t> blocks) const;

    // admission: unit_admit.cc
    void admit(Ticks now);
    bool fits(int rank, const Served& served) const;
    void admit(int rank, Slot slot, Ticks now);
    void start_prompt(int rank, Slot slot);
    std::int64_t cached_tokens(int rank, Slot slot);
    void fit_prefix_cache(int rank);
    void hold(int rank, std::vector<Tokens>& part, Tokens tokens);
    std::int64_t promised_of(const Served& served) const;
    std::int64_t soon_of(const Served& served) const;

    // from step to step: unit_step.cc
    Ticks rebalanced_until(Ticks now);
    bool prefill_due() const;
    Ticks begin_step(Ticks now);
    Ticks start_clock(Ticks now, Ticks duration);
    void tell_step(Ticks now, Ticks until);
    void end_step(Ticks now);

    // prompts: unit_prefill.cc
    Ticks take_prompts();
    Piece take_prompts(int rank, std::int64_t room);
    Ticks piece_time(int rank, const Piece& piece);
    void complete(Slot slot, Ticks now);
    void hand_over(Slot slot, Ticks now);
    void first_token(Served& served, Ticks now);
    void keep_prefix(int rank, Slot slot);

    // decoding: unit_decode.cc
    void join(Slot slot);
    double mean_decoding() const;
    double fullest() const;
    Ticks decode_time() const;
    void end_decoding(Ticks now);
    void count_gaps(Ticks now);
    void finish(Slot slot, Ticks now);
    void finish_all(const std::vector<Slot>& ending, Ticks now);
    void stop_decoding(Slot slot);
    void leave(Slot slot);

    // giving way and failing: unit_preempt.cc
    void make_room(Ticks now);
    void preempt(int rank, Ticks now);
    void forget_gap(Served& served);
    void note_generated(Served& served);
    Ticks swap_time();
    void take_all(List& list, std::vector<Slot>& out);
    void forget_all();

    Rank& at(int rank) { return ranks_[static_cast<std::size_t>(rank)]; }
    const Rank& at(int rank) const { return ranks_[static_cast<std::size_t>(rank)]; }
    int ranks() const { return static_cast<int>(ranks_.size()); }
    Levels& levels() { return fleet_.ledger.series.levels; }

    FleetContext& fleet_;
    int index_;
    State state_ = State::idle;
    Step step_;

    List inbox_;  ///< not yet looked at
    std::vector<Rank> ranks_;
    std::vector<Tokens> cache_, rate_, prompts_;  ///< by rank: of decoding requests, its growth, of prompts
    MinTree loads_;                               ///< requests of each rank
    FinishRing ring_;
    std::vector<PrefixCache> prefixes_;

    std::int64_t requests_ = 0, backlog_ = 0;
    std::int64_t queued_ = 0, prefilling_ = 0, decoding_ = 0;  ///< requests in the ranks' three lists
    int ranks_prefilling_ = 0;                                 ///< ranks with prompts
    bool left_over_       = false;  ///< the last prefill step did not finish all prompts
    std::int64_t steps_   = 0;      ///< decode steps
    int since_look_       = 0;      ///< decode steps since the queue was looked at
    int waited_           = 0;      ///< decode steps since the first prompt waits
    int next_rank_        = 0;      ///< in turn
    Tokens held_ = 0, growth_ = 0;
    Ticks last_decode_ = 0, rebalanced_ = 0;
    std::vector<Ticks> joined_;  ///< last tokens of those that decode since the last decode step
    std::vector<Slot> completing_;
    struct Taken {
        Slot slot;
        std::int32_t tokens;
    };
    std::vector<Taken> taken_;  ///< in this step, for whoever listens to events
};

}  // namespace isobath::engine
