/// Seeded matrices with the outliers that a language model's tensors have, for when the user brings none.
#pragma once

#include <cstdint>
#include <random>

#include "model/numerics/tensor.h"

namespace isobath::numerics {

/// Standard normal numbers by inverse distribution: 4,096 equally likely values, the largest 3.7; quick, and
/// the same on every machine. uniform() is in [0, 1).
class Noise {
  public:
    explicit Noise(std::uint64_t seed) : engine_(seed) {}
    float normal();
    double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }

  private:
    std::mt19937_64 engine_;
    std::uint64_t bits_ = 0;
    int left_           = 0;
};

/// How unequal the channels of an activation are.
///
/// `outlier_share` of the channels are `outlier_size` times the others: LLM.int8() (Dettmers and others,
/// 2022) finds about 0.1 % of the features up to 20 times as large. The log-normal spread of all others is
/// assumed.
struct Outliers {
    double spread = 0.5, outlier_share = 1e-3, outlier_size = 20;
};

/// tokens x channels: normal numbers times a factor per channel.
Tensor synthetic_activations(std::size_t tokens, std::size_t channels, Noise& noise,
                             const Outliers& outliers = {});

/// outputs x channels: normal numbers of variance 1 / channels, as at initialisation.
Tensor synthetic_weights(std::size_t outputs, std::size_t channels, Noise& noise);

}  // namespace isobath::numerics
