#include "sim/serve/sources/asks.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

std::int32_t cached_tokens(const CachedShare& share, std::int32_t prompt, Draws& draws) {
    if (share.mean <= 0) return 0;
    const double reach = share.spread * std::min(share.mean, 1 - share.mean);
    const double mine  = reach > 0 ? share.mean + reach * (2 * draws.uniform() - 1) : share.mean;
    return std::min(prompt, static_cast<std::int32_t>(mine * prompt + draws.uniform()));
}

}  // namespace

Asker::Asker(Asks asks) : asks_(std::move(asks)), key_(asks_.seed, draws_for::lengths) {
    for (const double share : {asks_.cached.mean, asks_.cached.spread})
        if (!(share >= 0 && share <= 1))
            throw SpecError(fmt::format("a share of cached tokens of {}: allowed are 0 to 1", share));
}

Request Asker::ask(std::uint64_t id, Ticks arrival) const {
    Draws draws(key_, id);
    const Lengths lengths = asks_.lengths.draw(draws);
    return {.id      = id,
            .arrival = arrival,
            .prompt  = lengths.prompt,
            .answer  = lengths.answer,
            .cached  = cached_tokens(asks_.cached, lengths.prompt, draws)};
}

}  // namespace isobath
