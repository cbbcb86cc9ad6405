/// Parts of a Hugging Face config.json, for read_model alone.
#pragma once

#include <string>

#include "hw/spec_reader.h"
#include "model/arch.h"

namespace isobath::config {

// Bounds that keep every count of parameters inside 63 bits, and the exact statistics of a gate within a
// second.
inline constexpr int kMaxWidth = 1 << 20, kMaxHidden = 1 << 17, kMaxHeads = 1 << 13, kMaxHeadDim = 1 << 13;
inline constexpr int kMaxLayers = 1 << 10, kMaxExperts = 1 << 13, kMaxChosen = 256, kMaxVocab = 1 << 24;

/// Whether `key` is there and not null: a Hugging Face config writes null where a feature is absent.
bool present(SpecReader& in, const std::string& key);
int integer_or(SpecReader& in, const std::string& key, int otherwise, int min, int max);
bool flag(SpecReader& in, const std::string& key);

/// Attention with K and V per (kv) head.
AttentionSpec read_grouped(SpecReader& in, int hidden_size, bool qkv_bias, bool qk_norm);
AttentionSpec read_mla(SpecReader& in, bool with_indexer);

/// The number of routed experts (under `count_key`) and of those chosen; MoE in every layer after the dense
/// ones.
MoeSpec read_experts(SpecReader& in, const std::string& count_key);
/// DeepSeekMoE: fine-grained experts in groups, shared experts, the gate's scores.
MoeSpec read_deepseek_experts(SpecReader& in);

}  // namespace isobath::config
