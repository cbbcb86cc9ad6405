/// Requests, and where they come from.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

namespace isobath {

/// Simulated time: nanoseconds since the start.
using Ticks = std::int64_t;
/// Later than everything.
inline constexpr Ticks kNoTicks = std::numeric_limits<Ticks>::max();

/// What one user asks.
struct Request {
    std::uint64_t id    = 0;  ///< counts from 0 in the order of arrival: the stream of its random draws
    Ticks arrival       = 0;
    std::int32_t prompt = 1, answer = 1;  ///< tokens; answer: all that the user gets, the first one included
    std::int32_t cached = 0;              ///< leading tokens of the prompt that some cache is said to hold
    std::span<const std::uint64_t> blocks;  ///< names of the prompt's leading blocks, each of them naming its
                                            ///< whole prefix; valid until the next call of next()
};

/// A stream of requests in order of arrival. An interface, because traces are read while the simulation runs,
/// laws are drawn, and the clients of a closed loop ask when they have been answered.
class RequestSource {
  public:
    virtual ~RequestSource() = default;
    /// The next request; false when none is left, or none before somebody is answered.
    virtual bool next(Request& out) = 0;
    /// Whether answers make new requests: then answered() must be told before next() is asked again.
    virtual bool listens() const { return false; }
    /// Of a source that listens: when its next request comes, as far as is known; an answer may bring it
    /// forward. So next() is asked only once this time has come. kNoTicks: not before somebody is answered.
    virtual Ticks due() const { return kNoTicks; }
    /// A request was answered (or given up) at `time`; told in order of time.
    virtual void answered(Ticks time) { (void)time; }
};

}  // namespace isobath
