/// Prompts, computed in chunks.
#include <algorithm>
#include <cmath>

#include "sim/serve/engine/unit.h"

namespace isobath::engine {

/// The longest time that a rank needs for its part; 0 when none has any.
Ticks Unit::take_prompts() {
    Ticks longest = 0;
    if (prefilling_ == 0) return 0;
    for (int rank = 0; rank < ranks(); ++rank) {
        if (at(rank).prompts.empty()) continue;
        const Piece piece = take_prompts(rank, fleet_.spec.chunk - (step_.decodes ? at(rank).decoding : 0));
        if (piece.tokens > 0) longest = std::max(longest, piece_time(rank, piece));
    }
    left_over_ = prefilling_ > 0;
    return longest;
}

Unit::Piece Unit::take_prompts(int rank, std::int64_t room) {
    List& prompts = at(rank).prompts;
    Piece piece;
    while (room > 0 && !prompts.empty()) {
        const Slot slot = prompts.head;
        Served& served  = fleet_.pool[slot];
        const auto taken =
            static_cast<std::int32_t>(std::min<std::int64_t>(room, served.held() - served.computed));
        piece.tokens += taken;
        piece.twice_attended += std::int64_t{taken} * (2 * std::int64_t{served.computed} + taken);
        served.computed += taken;
        room -= taken;
        taken_.push_back({slot, taken});
        if (served.computed < served.held()) break;
        fleet_.pool.pop_front(prompts);
        --prefilling_;
        completing_.push_back(slot);
    }
    ranks_prefilling_ -= prompts.empty();
    fleet_.ledger.rank_tokens[static_cast<std::size_t>(rank)] += piece.tokens;
    return piece;
}

Ticks Unit::piece_time(int rank, const Piece& piece) {
    const UnitSpec& spec   = fleet_.spec;
    const auto tokens      = static_cast<double>(piece.tokens);
    const double attended  = static_cast<double>(piece.twice_attended) / (2 * tokens);
    const auto loading     = static_cast<double>(std::exchange(at(rank).loading, 0));
    const Ticks loaded     = std::llround(spec.prefix.disk_ns * loading);
    const StepTable& table = *spec.steps;
    if (!step_.decodes) return table.prefill(tokens, attended) + loaded;
    return table.mixed(tokens, attended, mean_decoding(), fullest()) + loaded;
}

void Unit::complete(Slot slot, Ticks now) {
    Served& served = fleet_.pool[slot];
    const int rank = served.rank;
    hold(rank, prompts_, -whole(served.held()));
    at(rank).soon -= soon_of(served);
    if (!prefixes_.empty()) keep_prefix(rank, slot);
    if (served.generated == 0) first_token(served, now);
    if (served.answer > 1 && fleet_.spec.role != UnitRole::prefill) return join(slot);
    if (served.answer == 1) fleet_.ledger.finished(served, index_, now);
    if (served.answer > 1) hand_over(slot, now);
    leave(slot);
}

void Unit::hand_over(Slot slot, Ticks now) {
    Served& served     = fleet_.pool[slot];
    served.cache       = Served::Cache::here;
    HandedOver& handed = fleet_.ledger.handed_over(served, index_, now);
    // Only a request that may come back needs the names of its blocks again.
    if (!prefixes_.empty() && fleet_.setup.failures.mean_between > 0)
        handed.blocks = fleet_.pool.blocks(slot);
}

void Unit::first_token(Served& served, Ticks now) {
    const bool crosses =
        fleet_.setup.first_token_waits && fleet_.spec.role == UnitRole::prefill && served.answer > 1;
    const Ticks seen  = now + (crosses ? fleet_.ledger.crossing(served) : 0);
    served.generated  = 1;
    served.last_token = seen;
    ++fleet_.ledger.rank_tokens[static_cast<std::size_t>(served.rank)];
    if (served.first_token < 0) {
        served.first_token = seen;
        fleet_.ledger.first_token(served);
    }
    fleet_.ledger.tell(ServeEvent::Kind::first_token, served, index_, now, now, 1);
}

void Unit::keep_prefix(int rank, Slot slot) {
    fit_prefix_cache(rank);
    prefixes_[static_cast<std::size_t>(rank)].insert(fleet_.pool.blocks(slot));
}

}  // namespace isobath::engine
