#include "profiler/peers.h"

namespace isobath {

std::string peer_problem(int gpus, const PeerMatrix& reach) {
    const int here = static_cast<int>(reach.size());
    if (gpus > here)
        return "needs " + std::to_string(gpus) + " GPUs, " + std::to_string(here) +
               (here == 1 ? " is" : " are") + " here";
    for (int i = 0; i < gpus; ++i)
        for (int j = 0; j < gpus; ++j)
            if (i != j && !reach[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)])
                return "GPU " + std::to_string(i) + " cannot reach GPU " + std::to_string(j);
    return {};
}

}  // namespace isobath
