/// What is asked, whenever it is asked: lengths and what a cache is said to hold.
#pragma once

#include <cstdint>

#include "sim/serve/request.h"
#include "sim/serve/sources/length_law.h"

namespace isobath {

/// Share of a prompt's tokens that some cache is said to hold. Each request's own is uniform within
/// mean +- spread * min(mean, 1 - mean), independent of its length, and the tokens are rounded by chance: so
/// the mean over tokens is `mean`, too. The uniform law is assumed; spread 0: all prompts alike.
struct CachedShare {
    double mean = 0, spread = 0;  ///< 0 .. 1
};

/// Requests of one kind of users.
struct Asks {
    LengthLaws lengths;
    CachedShare cached;
    std::uint64_t requests = ~std::uint64_t{0};  ///< at most so many
    Ticks until            = kNoTicks;           ///< none arrives then or later
    std::uint64_t seed     = 1;
};

/// Purposes of draws in sources.
namespace draws_for {
inline constexpr std::uint64_t arrival = 1, lengths = 2, think = 3, session = 4;
}

/// Makes requests, each from its own draws.
class Asker {
  public:
    /// Throws SpecError unless every share is within 0 .. 1.
    explicit Asker(Asks asks);

    const Asks& asks() const { return asks_; }
    Request ask(std::uint64_t id, Ticks arrival) const;

  private:
    Asks asks_;
    DrawKey key_;
};

}  // namespace isobath
