#include "sim/serve/sources/open_sources.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

constexpr double kNsPerS = 1e9;

/// Arrivals follow each other by `Law`, which gives the next one in ns: Law(Draws&) -> double.
template <class Law>
class OpenSource final : public RequestSource {
  public:
    OpenSource(Law law, Asks asks)
        : law_(std::move(law)),
          requests_(asks.requests),
          end_(std::min(kLatest, static_cast<double>(asks.until))),
          key_(asks.seed, draws_for::arrival),
          asker_(std::move(asks)) {}

    bool next(Request& out) override {
        if (asked_ == requests_) return false;
        Draws draws(key_, asked_);
        const double at = law_(draws);
        if (at >= end_) return false;
        out = asker_.ask(asked_++, static_cast<Ticks>(at));
        return true;
    }

  private:
    static constexpr double kLatest = 9e18;  ///< 285 years: what Ticks can hold

    Law law_;
    std::uint64_t requests_;
    double end_;  ///< ns
    DrawKey key_;
    Asker asker_;
    std::uint64_t asked_ = 0;
};

template <class Law>
std::unique_ptr<RequestSource> open(Law law, Asks asks) {
    return std::make_unique<OpenSource<Law>>(std::move(law), std::move(asks));
}

void check_positive(double number, double most, const char* what) {
    if (!(number > 0 && number <= most))
        throw SpecError(fmt::format("{} of {}: allowed is more than 0, at most {}", what, number, most));
}

struct Poisson {
    double gap, at = 0;
    double operator()(Draws& draws) { return at += gap * draws.exponential(); }
};

struct Gamma {
    double shape, scale, at = 0;
    double operator()(Draws& draws) { return at += scale * draws.gamma(shape); }
};

struct Profile {
    RateProfile rates;
    RateProfile::Place place;
    double operator()(Draws& draws) {
        rates.advance(place, draws.exponential());
        return kNsPerS * (static_cast<double>(place.period) * rates.period() + rates.seconds(place));
    }
};

}  // namespace

std::unique_ptr<RequestSource> poisson_source(double per_second, Asks asks) {
    check_positive(per_second, 1e9, "a rate per second");
    return open(Poisson{kNsPerS / per_second}, std::move(asks));
}

std::unique_ptr<RequestSource> gamma_source(double per_second, double cv, Asks asks) {
    check_positive(per_second, 1e9, "a rate per second");
    check_positive(cv, 100, "a cv of the times between requests");
    return open(Gamma{1 / (cv * cv), kNsPerS / per_second * cv * cv}, std::move(asks));
}

std::unique_ptr<RequestSource> profile_source(RateProfile profile, Asks asks) {
    return open(Profile{std::move(profile), {}}, std::move(asks));
}

}  // namespace isobath
