/// Who may start: there is room for what it brings and for the promised share of its answer.
#include <algorithm>
#include <cmath>

#include "sim/serve/engine/unit.h"

namespace isobath::engine {
namespace {

/// The share of some tokens that admission keeps room for.
std::int64_t kept_of(double share, std::int64_t tokens) {
    return static_cast<std::int64_t>(std::ceil(share * static_cast<double>(tokens)));
}

}  // namespace

void Unit::hold(int rank, std::vector<Tokens>& part, Tokens tokens) {
    part[static_cast<std::size_t>(rank)] += tokens;
    held_ += tokens;
    levels().cache += tokens;
}

/// Tokens that it will hold here in the end.
std::int64_t Unit::promised_of(const Served& served) const {
    return served.prompt + (fleet_.spec.role == UnitRole::prefill ? 0 : served.answer);
}

void Unit::admit(Ticks now) {
    if (queued_ == 0) return;
    for (int rank = 0; rank < ranks(); ++rank) {
        List& queue = at(rank).queue;
        while (!queue.empty() && fits(rank, fleet_.pool[queue.head]))
            admit(rank, fleet_.pool.pop_front(queue), now);
    }
}

/// Tokens of its answer that come before anybody can give way: the first one, and those of a step.
std::int64_t Unit::soon_of(const Served& served) const {
    return std::min<std::int64_t>(promised_of(served) - served.held(), fleet_.law.most() + 1);
}

/// The share of the answers that is kept free is never less than what the next step needs: who is admitted
/// does not drive out at once who decodes, so that each decodes at least a step before it may have to give
/// way.
bool Unit::fits(int rank, const Served& served) const {
    const UnitSpec& spec = fleet_.spec;
    const Rank& state    = at(rank);
    if (state.admitted >= spec.max_running) return false;
    const double share = spec.answer_reserved;
    const auto place   = static_cast<std::size_t>(rank);
    const Tokens held  = cache_[place] + prompts_[place];
    const Tokens kept =
        std::max(kept_of(share, whole(state.promised) - held), rate_[place] + whole(state.soon));
    const std::int64_t left = promised_of(served) - served.held();
    const std::int64_t asks = served.held() + std::max(kept_of(share, left), soon_of(served));
    return held + kept + whole(asks) <= whole(spec.cache_tokens);
}

void Unit::admit(int rank, Slot slot, Ticks now) {
    Served& served = fleet_.pool[slot];
    --queued_;
    --levels().waiting, ++levels().running;
    ++at(rank).admitted;
    at(rank).promised += promised_of(served);
    if (!std::exchange(served.admitted, true)) fleet_.ledger.admitted(served, now);
    fleet_.ledger.tell(ServeEvent::Kind::admitted, served, index_, now, now, served.held());
    if (served.cache == Served::Cache::none) return start_prompt(rank, slot);
    if (served.cache == Served::Cache::swapped) at(rank).swapping += served.held();
    join(slot);
}

void Unit::start_prompt(int rank, Slot slot) {
    Served& served = fleet_.pool[slot];
    hold(rank, prompts_, whole(served.held()));
    at(rank).soon += soon_of(served);
    served.computed = static_cast<std::int32_t>(cached_tokens(rank, slot));
    if (served.generated == 0) served.cached = served.computed;
    ranks_prefilling_ += at(rank).prompts.empty();
    fleet_.pool.push_back(at(rank).prompts, slot);
    ++prefilling_;
}

/// At least one token is computed: the first answer token comes from it.
std::int64_t Unit::cached_tokens(int rank, Slot slot) {
    const Served& served    = fleet_.pool[slot];
    const std::int64_t most = served.held() - 1;
    std::int64_t cached     = std::min<std::int64_t>(served.said_cached, most);
    if (prefixes_.empty()) return cached;
    fit_prefix_cache(rank);
    const std::int64_t block = fleet_.spec.prefix.block_tokens;
    const auto hit           = prefixes_[static_cast<std::size_t>(rank)].lookup(fleet_.pool.blocks(slot));
    const std::int64_t found = std::min((hit.memory + hit.disk) * block, most);
    at(rank).loading += std::max<std::int64_t>(0, found - std::max(cached, hit.memory * block));
    return std::max(cached, found);
}

/// The prefixes' share of a rank is what the running requests leave, where no size is stated.
void Unit::fit_prefix_cache(int rank) {
    if (fleet_.spec.prefix.tokens >= 0) return;
    const auto place = static_cast<std::size_t>(rank);
    const Tokens all = whole(fleet_.spec.cache_tokens);
    const auto room  = floored(all - cache_[place] - prompts_[place]);
    prefixes_[place].set_capacity(std::max<std::int64_t>(0, room) / fleet_.spec.prefix.block_tokens);
}

}  // namespace isobath::engine
