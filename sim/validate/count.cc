// Exact counts and closed forms, by name.
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/gpu.h"
#include "hw/spec_reader.h"
#include "model/closed_forms.h"
#include "model/counts.h"
#include "sim/validate/evaluators.h"

namespace isobath {
namespace {

using nlohmann::json;

constexpr double kSequence = 4096;  ///< of training FLOP per token

struct Query {
    const json& in;
    const DataFiles& data;

    std::string text(const char* key) const { return in.value(key, std::string()); }
    ModelSpec model() const { return load_model(data, text("model")); }
    double context() const { return in.value("context", 8192.0); }
    KvLayout layout() const {
        const std::string name = in.value("format", std::string("bf16"));
        return name == "fp8"            ? KvLayout::fp8
               : name == "fp8-flashmla" ? KvLayout::fp8_flashmla
                                        : KvLayout::bf16;
    }
};

/// The ISCA'25 paper's layer: 32 tokens to 9 experts, 7,000 numbers each, FP8 out and BF16 back, 61 layers.
Seconds isca_time(const Query& q) {
    return ep_comm_time(32, 9, 7000, 1 * unit::B, 2 * unit::B,
                        parse_quantity<BytesPerSecond>(q.text("bandwidth")));
}

/// Step-3's Table: H800 and H20 rents, FP8 peaks and HBM as that report states them.
RentedGpu step3_gpu(const std::string& name) {
    if (name == "h20") return {0.8, 2.96e14 * unit::FLOP / unit::s, 4.0e12 * unit::B / unit::s};
    return {2.0, 1.98e15 * unit::FLOP / unit::s, 3.35e12 * unit::B / unit::s};
}

double step3_cost(const Query& q) {
    const ModelSpec model  = q.model();
    const RentedGpu gpu    = step3_gpu(q.text("gpu"));
    const TokenFlops flops = decode_flops(model, q.context());
    if (q.text("part") == "ffn") return usd_per_million_tokens(gpu, flops.ffn, Bytes{});
    const Bytes cache = q.context() * kv_bytes_per_token(model, KvLayout::fp8);
    return usd_per_million_tokens(gpu, flops.attention, cache) +
           usd_per_million_tokens(gpu, flops.linear, Bytes{});
}

double service_day(const Query& q) {
    const auto number = [&](const char* key) { return q.in.value(key, 0.0); };
    const ServiceDay day{number("input_tokens"),
                         number("cached_tokens"),
                         number("output_tokens"),
                         number("input_tokens_per_s_node"),
                         number("output_tokens_per_s_node"),
                         number("gpus_per_node"),
                         number("usd_per_gpu_hour"),
                         number("usd_per_mtok_input"),
                         number("usd_per_mtok_cached"),
                         number("usd_per_mtok_output")};
    const std::string what = q.text("quantity");
    return what == "nodes" ? day.nodes() : what == "usd" ? day.usd() : day.revenue();
}

const std::map<std::string, std::function<double(const Query&)>>& counts() {
    static const std::map<std::string, std::function<double(const Query&)>> table{
        {"kv_bytes_per_token",
         [](const Query& q) { return kv_bytes_per_token(q.model(), q.layout()).base(); }},
        {"kv_read_bytes",
         [](const Query& q) { return q.context() * kv_bytes_per_token(q.model(), q.layout()).base(); }},
        {"parameters", [](const Query& q) { return double(parameters_of(q.model()).matrices()); }},
        {"training_flop_per_token",
         [](const Query& q) { return training_flops(q.model(), kSequence).total().base(); }},
        {"linear_flop_per_token",
         [](const Query& q) { return decode_flops(q.model(), q.context()).linear.base(); }},
        {"ffn_flop_per_token",
         [](const Query& q) { return decode_flops(q.model(), q.context()).ffn.base(); }},
        {"attention_flop_per_token",
         [](const Query& q) { return decode_flops(q.model(), q.context()).attention.base(); }},
        {"isca_ep_time", [](const Query& q) { return isca_time(q).base(); }},
        {"isca_tpot", [](const Query& q) { return ep_bound_tpot(isca_time(q), 61).base(); }},
        {"step3_cost", step3_cost},
        {"service_day", service_day}};
    return table;
}

}  // namespace

double evaluate_count(const json& predict, const DataFiles& data) {
    const std::string name = predict["count"];
    const auto found       = counts().find(name);
    if (found == counts().end()) throw SpecError(fmt::format("validation point: unknown count \"{}\"", name));
    return found->second({predict, data});
}

}  // namespace isobath
