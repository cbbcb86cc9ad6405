#include "sim/serve/sources/session_source.h"

#include <algorithm>

#include <fmt/format.h>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

constexpr double kNsPerS = 1e9;
constexpr Ticks kLatest  = 8'000'000'000'000'000'000;  ///< 253 years; a session may go on a little longer

void check_range(double number, double least, double most, const char* what) {
    if (!(number >= least && number <= most))
        throw SpecError(fmt::format("{} of {}: allowed are {} to {}", what, number, least, most));
}

}  // namespace

SessionSource::SessionSource(const Sessions& sessions, Asks asks)
    : sessions_(sessions), asker_(std::move(asks)), until_(std::min(asker_.asks().until, kLatest)) {
    check_range(sessions_.per_second, 1e-9, 1e9, "a rate of sessions per second");
    check_range(sessions_.system_tokens, 0, kMostTokens, "system tokens");
    check_range(sessions_.most_context, 2, kMostTokens, "a greatest context");
    check_range(sessions_.think_s, 0, 1e7, "a think time in seconds");
    check_range(sessions_.answer_s, 0, 10, "a time per token of the answer in seconds");
    check_range(sessions_.block_tokens, 1, kMostTokens, "tokens of a block");
    begin_until(-1);
}

/// Adds the sessions that begin by then, and the one after, which is in next_session_.
void SessionSource::begin_until(Ticks time) {
    while (begun_ == 0 || next_session_ <= static_cast<double>(time)) {
        if (begun_ > 0) {
            Draws draws(asker_.asks().seed, draws_for::session, begun_);
            turns_.push({static_cast<Ticks>(next_session_), begun_, sessions_.system_tokens,
                         sessions_.turns.draw(draws)});
        }
        Draws draws(asker_.asks().seed, draws_for::arrival, begun_++);
        next_session_ += kNsPerS / sessions_.per_second * draws.exponential();
    }
}

bool SessionSource::next(Request& out) {
    if (asked_ == asker_.asks().requests) return false;
    begin_until(turns_.empty() ? static_cast<Ticks>(std::min(next_session_ + 1, double(kLatest)))
                               : turns_.top().at);
    if (turns_.empty() || turns_.top().at >= until_) return false;
    const Turn turn = turns_.top();
    turns_.pop();
    out        = asker_.ask(asked_++, turn.at);
    out.prompt = std::min(out.prompt + turn.context, kMostTokens);
    name_blocks(turn.session, out.prompt);
    out.blocks = names_;
    go_on(turn, out);
    return true;
}

void SessionSource::go_on(const Turn& turn, const Request& asked) {
    if (turn.turns_left <= 1) return;
    const std::int64_t context = std::int64_t{asked.prompt} + asked.answer;
    if (context >= sessions_.most_context) return;
    Draws draws(asker_.asks().seed, draws_for::think, asked.id);
    const double wait = sessions_.think_s * draws.exponential() + sessions_.answer_s * asked.answer;
    turns_.push({turn.at + static_cast<Ticks>(wait * kNsPerS), turn.session,
                 static_cast<std::int32_t>(context), turn.turns_left - 1});
}

/// Whole blocks of the system prompt have the same names in all sessions, the others names of their own.
void SessionSource::name_blocks(std::uint64_t session, std::int32_t prompt) {
    const std::int32_t shared = sessions_.system_tokens / sessions_.block_tokens;
    names_.clear();
    for (std::int32_t i = 0; i < prompt / sessions_.block_tokens; ++i)
        names_.push_back(mix64(mix64(i < shared ? 0 : session) + static_cast<std::uint64_t>(i) + 1));
}

}  // namespace isobath
