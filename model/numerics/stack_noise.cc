#include "model/numerics/stack_noise.h"

#include <cmath>

namespace isobath::numerics {

StackNoise through_stack(std::span<const double> variances) {
    // Block l adds 1 unit of stream to the l - 1 before it. With S the error in the stream after l units and
    // r = S / l its share, S' = S + r + e, so that r' (l + 1) = r (l + 1) + e: r grows by e / (l + 1).
    double sum = 0, harmonic = 0, place = 0;
    for (const double variance : variances) {
        sum += variance;
        harmonic += variance / ++place;
    }
    if (place == 0) return {};
    return {std::sqrt(harmonic), std::sqrt(sum / place), std::sqrt(sum)};
}

}  // namespace isobath::numerics
