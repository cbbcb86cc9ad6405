#include "model/train/goodput.h"

#include <cmath>

namespace isobath {

Seconds job_mtbf(Seconds of_one_gpu, int gpus) {
    return of_one_gpu / double(gpus);
}

double wall_per_useful(const Failures& f, Seconds interval) {
    if (f.mtbf <= Seconds{}) return 1;
    return std::exp(f.restart / f.mtbf) * std::expm1((interval + f.checkpoint) / f.mtbf) *
           (f.mtbf / interval);
}

Seconds young_interval(const Failures& f) {
    return Seconds{std::sqrt(2 * f.checkpoint.base() * f.mtbf.base())};
}

Seconds daly_interval(const Failures& f) {
    const double share = f.checkpoint / (2 * f.mtbf);
    if (share >= 1) return f.mtbf;
    return (1 + std::sqrt(share) / 3 + share / 9) * young_interval(f) - f.checkpoint;
}

}  // namespace isobath
