/// Users who ask whether or not others have been answered.
#pragma once

#include <memory>

#include "sim/serve/sources/asks.h"
#include "sim/serve/sources/rate_profile.h"

namespace isobath {

/// Independent users: times between requests are exponential. Throws SpecError unless the rate is above 0.
std::unique_ptr<RequestSource> poisson_source(double per_second, Asks asks);

/// Times between requests are of a gamma law of this standard deviation over mean: below 1 more even than
/// independent users, above 1 in bursts. Throws SpecError unless rate and cv are above 0.
std::unique_ptr<RequestSource> gamma_source(double per_second, double cv, Asks asks);

/// Independent users whose number changes over the day: a Poisson process of changing rate, exact by the
/// inverse of the cumulative rate (Lewis and Shedler, 1979, name it inversion).
std::unique_ptr<RequestSource> profile_source(RateProfile profile, Asks asks);

}  // namespace isobath
