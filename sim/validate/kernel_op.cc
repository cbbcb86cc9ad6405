#include "sim/validate/kernel_op.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "model/precision.h"

namespace isobath {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

Format format_of(const json& in, const char* otherwise) {
    return parse_format(in.value("format", std::string(otherwise)));
}

KvLayout layout_of(const json& in) {
    const std::string name = in.value("cache", std::string("bf16"));
    return name == "fp8" ? KvLayout::fp8 : name == "fp8-flashmla" ? KvLayout::fp8_flashmla : KvLayout::bf16;
}

GroupedGemm grouped(const json& in) {
    const bool masked = in.value("layout", "masked") == "masked";
    return {in["rows"],
            in["experts"],
            in.value("row_variance", 0.0),
            in["n"],
            in["k"],
            format_of(in, "fp8-block"),
            masked ? GroupedLayout::masked : GroupedLayout::contiguous};
}

struct ToJson {
    ordered_json operator()(const Gemm& g) const {
        return {{"op", "gemm"}, {"m", g.m}, {"n", g.n}, {"k", g.k}, {"format", name_of(g.format)}};
    }
    ordered_json operator()(const BatchedGemm& g) const {
        return {{"op", "batched_gemm"},       {"batch", g.batch}, {"m", g.m}, {"n", g.n}, {"k", g.k},
                {"format", name_of(g.format)}};
    }
    ordered_json operator()(const GroupedGemm& g) const {
        return {{"op", "grouped_gemm"},
                {"rows", g.rows},
                {"experts", g.experts},
                {"row_variance", g.row_variance},
                {"n", g.n},
                {"k", g.k},
                {"format", name_of(g.format)},
                {"layout", g.layout == GroupedLayout::masked ? "masked" : "contiguous"}};
    }
    ordered_json operator()(const FusedMoe& e) const {
        return {{"op", "fused_moe"},  {"tokens", e.tokens},         {"rows", e.rows},
                {"active", e.active}, {"experts", e.experts},       {"hidden", e.hidden},
                {"inter", e.inter},   {"format", name_of(e.format)}};
    }
    ordered_json operator()(const MlaDecode& a) const {
        return {{"op", "mla_decode"},
                {"batch", a.batch},
                {"s_q", a.s_q},
                {"context", a.context},
                {"heads", a.heads},
                {"kv_lora_rank", a.kv_lora_rank},
                {"qk_rope_head_dim", a.qk_rope_head_dim},
                {"cache", name_of(a.cache)}};
    }
    ordered_json operator()(const FlashPrefill& a) const {
        return {{"op", "flash_prefill"},        {"sequences", a.sequences},   {"q_len", a.q_len},
                {"kv_len", a.kv_len},           {"heads", a.heads},           {"kv_heads", a.kv_heads},
                {"qk_head_dim", a.qk_head_dim}, {"v_head_dim", a.v_head_dim}, {"format", name_of(a.format)}};
    }
    template <class Other>
    ordered_json operator()(const Other&) const {
        throw SpecError("validation point: this kernel has no name there");
    }
};

}  // namespace

Op kernel_op(const json& in) {
    const std::string op = in["op"];
    if (op == "gemm") return Gemm{in["m"], in["n"], in["k"], format_of(in, "fp8-block")};
    if (op == "batched_gemm")
        return BatchedGemm{in["batch"], in["m"], in["n"], in["k"], format_of(in, "fp8-block")};
    if (op == "grouped_gemm") return grouped(in);
    if (op == "fused_moe")
        return FusedMoe{in["tokens"],
                        in["rows"],
                        in["active"],
                        in["experts"],
                        in["hidden"],
                        in["inter"],
                        format_of(in, "fp8-block")};
    if (op == "mla_decode")
        return MlaDecode{in["batch"],  in["s_q"],          in["context"],
                         in["heads"],  in["kv_lora_rank"], in["qk_rope_head_dim"],
                         layout_of(in)};
    if (op == "flash_prefill")
        return FlashPrefill{in["sequences"], in["q_len"],       in["kv_len"],     in["heads"],
                            in["kv_heads"],  in["qk_head_dim"], in["v_head_dim"], format_of(in, "bf16")};
    throw SpecError(fmt::format("validation point: unknown kernel \"{}\"", op));
}

ordered_json kernel_json(const Op& op) {
    return std::visit(ToJson{}, op);
}

}  // namespace isobath
