/// Users who talk: each question carries all that was said before.
#pragma once

#include <functional>
#include <queue>
#include <vector>

#include "sim/serve/sources/asks.h"

namespace isobath {

/// Sessions begin as a Poisson process. The first prompt is `system_tokens`, the same for all, and a
/// question; each later one is the prompt and the answer before it and a new question. Questions and answers
/// are of Asks.lengths (prompt: the question alone). The prompt's whole blocks are named, so that a prefix
/// cache finds what it holds.
struct Sessions {
    double per_second          = 1;
    LengthLaw turns            = LengthLaw::fixed(4);
    std::int32_t system_tokens = 0;
    std::int32_t most_context  = 1 << 17;  ///< a session whose next prompt and answer would be more ends
    double think_s             = 30;       ///< mean, exponential, from the answer's end to the next question
    /// An answer's assumed time per token: users ask when they have read, whatever the simulated server does,
    /// so this is no closed loop.
    double answer_s  = 0.05;
    int block_tokens = 512;
};

/// Throws SpecError where a number makes no sense.
class SessionSource final : public RequestSource {
  public:
    SessionSource(const Sessions& sessions, Asks asks);

    bool next(Request& out) override;

  private:
    /// The next question of a session that goes on.
    struct Turn {
        Ticks at;
        std::uint64_t session;
        std::int32_t context, turns_left;  ///< context: tokens said before; turns_left: this one included
        bool operator>(const Turn& other) const {
            return at != other.at ? at > other.at : session > other.session;
        }
    };

    void begin_until(Ticks time);
    void go_on(const Turn& turn, const Request& asked);
    void name_blocks(std::uint64_t session, std::int32_t prompt);

    Sessions sessions_;
    Asker asker_;
    Ticks until_;
    std::uint64_t asked_ = 0, begun_ = 0;
    double next_session_ = 0;  ///< ns
    std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns_;
    std::vector<std::uint64_t> names_;
};

}  // namespace isobath
