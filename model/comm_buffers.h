/// Memory that DeepEP's buffers take, by its own sizing rules (csrc/config.hpp).
#pragma once

#include "hw/units.h"

namespace isobath {

/// Low-latency mode: two send and two receive buffers (odd and even), each with room for `max_tokens`
/// messages to every physical expert, and small signalling areas. A message is the larger of dispatch's (16 B
/// of control, and BF16, or FP8 with a scale per 128) and combine's (BF16 and 4 B per 128 channels).
Bytes deepep_low_latency_buffers(double max_tokens, int hidden, int ranks, int physical_experts);

/// Normal mode's knobs. Send-side chunks do not change the size.
struct DeepEpNormal {
    int sms              = 24;   ///< two per channel; the H800 prefill trace uses 24
    int nvl_recv_tokens  = 288;  ///< of its tuned configurations, which run from 256 to 720 by rank count
    int rdma_recv_tokens = 128;
};

/// Per channel, a receive ring for each NVLink peer and, beyond one node, a send and a receive ring for each
/// node. A slot holds a BF16 token, 8 B of origin, room for 128 expert indices and weights, and for 128
/// scales.
Bytes deepep_normal_buffers(int hidden, int ranks, const DeepEpNormal& config = {}, int gpus_per_node = 8);

}  // namespace isobath
