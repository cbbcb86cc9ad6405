/// What a serving engine adds to the kernels: launch gaps, unfused kernels, memory of its own.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "hw/calibration.h"
#include "hw/figure.h"
#include "model/memory.h"

namespace isobath {

struct Engine {
    std::string name, title;
    Figure<Seconds> launch_gap;          ///< after every kernel, under CUDA graphs
    Figure<double> extra_small_kernels;  ///< in each attention half, where the engine fuses less
    Figure<Bytes> cuda_context, cuda_graphs, nccl_buffers;
    MemoryRule memory_rule = MemoryRule::everything;  ///< what memory_fraction is a fraction of
    Figure<double> memory_fraction;
    Figure<Seconds> host_step_overhead;  ///< between two steps

    // What only serving feels; fitted to served runs where the preset's source says so.
    Figure<Seconds> prefill_step_overhead;  ///< of a prefill step, launched kernel by kernel
    Figure<Seconds> front_end;              ///< HTTP, tokenising, first token on its way, before and after
    Figure<Seconds> hand_over;              ///< from a prefill unit to a decode unit
    std::map<std::string, Figure<Seconds>> hand_over_on;  ///< the same, on GPUs of one architecture
    Figure<Seconds> speculation_per_request;  ///< host work for each running request of a speculating step
    Figure<Seconds>
        draft_overhead;  ///< of a draft pass, beyond its layer and head: host, sampling, hand-over
    Figure<double> answer_reserved;  ///< share of the answer's tokens for which admission keeps room
    /// Factors that hold eight of ten measured latencies around what constants predict that have not seen
    /// them; kernels' intervals come on top.
    Figure<double> tpot_spread, ttft_spread;
    bool mixed_steps = false;  ///< a prefill step carries decoding requests along

    /// Kernels that no public table holds, by GPU architecture: constants fitted to served runs.
    std::map<std::string, Calibration> kernels;
};

Seconds hand_over_of(const Engine& engine, const std::string& architecture);

/// Puts the engine's own kernels for this architecture into a calibration, as its preferred ones.
void add_kernels(Calibration& calibration, const Engine& engine, const std::string& architecture);

Engine read_engine(const nlohmann::json& json, const std::string& name, const std::string& file);

/// The newest preset of `family` ("sglang" -> "sglang-0.5"); `family` itself if it names one.
std::string newest_engine(const DataFiles& data, const std::string& family);

}  // namespace isobath
