/// The benches, one list per file. The device tells what it can; versions of libraries found are noted in it.
#pragma once

#include "profiler/gpu/bench.h"
#include "profiler/gpu/measure.h"

namespace isobath {

void add_memory_benches(std::vector<Bench>& out, const Device& device);
void add_launch_benches(std::vector<Bench>& out);
void add_rowwise_benches(std::vector<Bench>& out);
void add_expert_benches(std::vector<Bench>& out);
void add_grouped_benches(std::vector<Bench>& out, const Device& device);
void add_decode_benches(std::vector<Bench>& out, const Device& device);
void add_prefill_benches(std::vector<Bench>& out, const Device& device);
void add_cublaslt_benches(std::vector<Bench>& out, Device& device);
void add_nccl_benches(std::vector<Bench>& out, Device& device);

/// Holds whole SMs by copying, until the handle goes; for at most ten seconds, should the program die.
std::shared_ptr<void> hold_sms(int sms);

}  // namespace isobath
