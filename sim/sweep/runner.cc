#include "sim/sweep/runner.h"

#include <algorithm>

namespace isobath::sweep {

// One row for each; the first is what runs where a sweep does not say.
static const Runner* const kRunners[] = {&kRunRunner, &kServeRunner, &kBalanceRunner, &kSpeculateRunner};

std::span<const Runner* const> runners() {
    return kRunners;
}

Reach reach_of(const Runner& runner, const Dimension& dimension) {
    Reach most = Reach::load;
    for (const Axis& axis : dimension.axes) most = std::min(most, runner.reach(axis.path));
    return most;
}

}  // namespace isobath::sweep
