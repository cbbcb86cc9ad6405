// One kernel's time by its fitted form.
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/gpu.h"
#include "hw/spec_reader.h"
#include "model/calibrated_time.h"
#include "model/precision.h"
#include "sim/validate/evaluators.h"

namespace isobath {
namespace {

using nlohmann::json;

Format format_of(const json& in) {
    return parse_format(in.value("format", std::string("fp8-block")));
}

KvLayout layout_of(const json& in) {
    const std::string name = in.value("cache", std::string("bf16"));
    return name == "fp8" ? KvLayout::fp8 : name == "fp8-flashmla" ? KvLayout::fp8_flashmla : KvLayout::bf16;
}

Op op_of(const json& in) {
    const std::string op = in["op"];
    if (op == "gemm") return Gemm{in["m"], in["n"], in["k"], format_of(in)};
    if (op == "batched_gemm") return BatchedGemm{in["batch"], in["m"], in["n"], in["k"], format_of(in)};
    if (op == "grouped_gemm")
        return GroupedGemm{
            in["rows"],
            in["experts"],
            in.value("row_variance", 0.0),
            in["n"],
            in["k"],
            format_of(in),
            in.value("layout", "masked") == "masked" ? GroupedLayout::masked : GroupedLayout::contiguous};
    if (op == "mla_decode")
        return MlaDecode{in["batch"],  in["s_q"],          in["context"],
                         in["heads"],  in["kv_lora_rank"], in["qk_rope_head_dim"],
                         layout_of(in)};
    if (op == "flash_prefill")
        return FlashPrefill{in["sequences"], in["q_len"],       in["kv_len"],     in["heads"],
                            in["kv_heads"],  in["qk_head_dim"], in["v_head_dim"], Format::bf16};
    throw SpecError(fmt::format("validation point: unknown kernel \"{}\"", op));
}

const char* family_name(const Op& op) {
    if (std::holds_alternative<GroupedGemm>(op)) return "grouped_gemm";
    if (std::holds_alternative<MlaDecode>(op)) return "mla_decode";
    if (std::holds_alternative<FlashPrefill>(op)) return "flash_prefill";
    if (std::holds_alternative<BatchedGemm>(op)) return "batched_gemm";
    return math_of(std::get<Gemm>(op).format) == Math::fp8 ? "gemm_fp8" : "gemm_bf16";
}

}  // namespace

Predicted evaluate_kernel(const json& predict, const std::string& gpu, const Calibration& calibration,
                          const DataFiles& data) {
    const Op op = op_of(predict["kernel"]);
    KernelChoice choice;
    if (predict.contains("implementation"))
        choice[family_name(op)] = predict["implementation"].get<std::string>();
    const GpuSpec spec   = load_gpu(data, gpu);
    const Estimate t     = CalibratedTime(spec, calibration, choice).cost(op, spec.sm_count).estimate;
    const std::string as = predict.value("as", "time");
    if (as == "time") return {t.time.base(), t.low.base(), t.high.base()};
    const Work work     = work_of(op);
    const double amount = as == "tflops" ? work.flop.base() : work.bytes.base();
    return {amount / t.time.base(), amount / t.high.base(), amount / t.low.base()};
}

}  // namespace isobath
