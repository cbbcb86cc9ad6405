#include "sim/serve/sources/loop_source.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

void check(const ClosedLoop& loop) {
    if (loop.clients < 1 || loop.clients > 100'000'000)
        throw SpecError(fmt::format("{} clients: allowed are 1 to 1e8", loop.clients));
    if (!(loop.requests_per_client > 0 && loop.requests_per_client <= 1e12))
        throw SpecError(fmt::format("{} requests per client: allowed is more than 0, at most 1e12",
                                    loop.requests_per_client));
    if (loop.start < 0 || loop.think < 0)
        throw SpecError("start and think time of clients: allowed are 0 and more");
}

}  // namespace

LoopSource::LoopSource(const ClosedLoop& loop, Asks asks) : loop_(loop), asker_(std::move(asks)) {
    check(loop_);
    const double all = std::ceil(loop_.clients * loop_.requests_per_client * (1 - 1e-15));
    requests_        = std::min(asker_.asks().requests, static_cast<std::uint64_t>(all));
    for (int i = 0; i < loop_.clients; ++i)
        due_.push(static_cast<Ticks>(static_cast<__int128>(loop_.start) * i / loop_.clients));
}

bool LoopSource::next(Request& out) {
    if (due() >= asker_.asks().until) return false;
    out = asker_.ask(asked_++, due_.top());
    due_.pop();
    return true;
}

void LoopSource::answered(Ticks time) {
    Draws draws(asker_.asks().seed, draws_for::think, answered_++);
    const double think = static_cast<double>(loop_.think) * (loop_.think_varies ? draws.exponential() : 1);
    due_.push(time + static_cast<Ticks>(std::min(think, 1e18)));
}

}  // namespace isobath
