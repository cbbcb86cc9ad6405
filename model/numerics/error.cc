#include "model/numerics/error.h"

#include <algorithm>
#include <cmath>

namespace isobath::numerics {

RelativeError relative_error(const Tensor& exact, const Tensor& computed) {
    RelativeError out;
    double error = 0, size = 0;
    for (std::size_t r = 0; r < exact.rows; ++r) {
        double row = 0, worst = 0;
        for (std::size_t c = 0; c < exact.columns; ++c) {
            const double wrong = double(computed.at(r, c)) - exact.at(r, c);
            row += double(exact.at(r, c)) * exact.at(r, c);
            error += wrong * wrong;
            worst = std::max(worst, std::fabs(wrong));
        }
        size += row;
        if (worst > 0) out.max = std::max(out.max, worst / std::sqrt(row / double(exact.columns)));
    }
    if (error > 0) out.rms = std::sqrt(error / size);
    return out;
}

}  // namespace isobath::numerics
