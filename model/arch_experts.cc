#include <array>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "model/arch_fields.h"

namespace isobath::config {

/// A Hugging Face config writes null where a feature is absent.
bool present(SpecReader& in, const std::string& key) {
    return in.has(key) && !in.raw(key).is_null();
}

int integer_or(SpecReader& in, const std::string& key, int otherwise, int min, int max) {
    return present(in, key) ? in.integer(key, min, max) : otherwise;
}

bool flag(SpecReader& in, const std::string& key) {
    return present(in, key) && in.flag_or(key, false);
}

namespace {

void require_one(SpecReader& in, const std::string& key) {
    if (integer_or(in, key, 1, 0, kMaxLayers) != 1)
        in.fail(key, "only 1 is modelled: every layer after the leading dense ones is MoE");
}

void refuse_other_layers(SpecReader& in) {
    require_one(in, "moe_layer_freq");
    require_one(in, "decoder_sparse_step");
    if (present(in, "mlp_only_layers") && !in.raw("mlp_only_layers").empty())
        in.fail("mlp_only_layers", "only [] is modelled: every layer is MoE");
    if (flag(in, "mlp_bias")) in.fail("mlp_bias", "only false is modelled");
}

}  // namespace

MoeSpec read_experts(SpecReader& in, const std::string& count_key) {
    MoeSpec m;
    m.n_routed_experts    = in.integer(count_key, 1, kMaxExperts);
    m.num_experts_per_tok = in.integer("num_experts_per_tok", 1, kMaxChosen);
    if (m.num_experts_per_tok > m.n_routed_experts)
        in.fail("num_experts_per_tok",
                fmt::format("{} is more than {} = {}", m.num_experts_per_tok, count_key, m.n_routed_experts));
    refuse_other_layers(in);
    return m;
}

namespace {

void read_groups(SpecReader& in, MoeSpec& m) {
    const bool ungrouped = present(in, "topk_method") && in.text("topk_method") == "greedy";
    if (ungrouped) return;
    m.n_group    = integer_or(in, "n_group", 1, 1, kMaxChosen);
    m.topk_group = integer_or(in, "topk_group", m.n_group, 1, kMaxChosen);
    if (m.n_routed_experts % m.n_group != 0)
        in.fail("n_group",
                fmt::format("{} does not divide n_routed_experts = {}", m.n_group, m.n_routed_experts));
    if (m.topk_group > m.n_group)
        in.fail("topk_group", fmt::format("{} is more than n_group = {}", m.topk_group, m.n_group));
    const int reachable = m.n_routed_experts / m.n_group * m.topk_group;
    if (m.num_experts_per_tok > reachable)
        in.fail("num_experts_per_tok", fmt::format("{} is more than the {} experts in topk_group = {} groups",
                                                   m.num_experts_per_tok, reachable, m.topk_group));
}

void read_gate(SpecReader& in, MoeSpec& m) {
    constexpr std::array<std::string_view, 2> kScores{"softmax", "sigmoid"};
    m.sigmoid = present(in, "scoring_func") && in.choice("scoring_func", kScores) == 1;
    m.bias    = present(in, "topk_method") && in.text("topk_method") == "noaux_tc";
}

}  // namespace

MoeSpec read_deepseek_experts(SpecReader& in) {
    MoeSpec m               = read_experts(in, "n_routed_experts");
    m.n_shared_experts      = integer_or(in, "n_shared_experts", 0, 0, 64);
    m.moe_intermediate_size = in.integer("moe_intermediate_size", 1, kMaxWidth);
    read_groups(in, m);
    read_gate(in, m);
    return m;
}

}  // namespace isobath::config
