/// The pipeline schedules by name.
#pragma once

#include <cstdint>
#include <string_view>

namespace isobath {

enum class Schedule : std::uint8_t {
    one_f_one_b,  ///< Narayanan et al., "PipeDream", 2019, as in Megatron-LM
    zb1p,         ///< Qi et al., "Zero bubble pipeline parallelism", 2023: weights' gradients fill the drain
    dualpipe      ///< DeepSeek-V3 report, 3.2.1: micro-batches enter at both ends, chunks overlap in pairs
};
std::string_view name_of(Schedule);

}  // namespace isobath
