#include "model/precision.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "hw/text.h"

namespace isobath {
namespace {

constexpr std::array<std::string_view, 3> kLayouts{"bf16", "fp8", "fp8-flashmla"};

constexpr auto kWeights =
    std::to_array<Format>({Format::nvfp4, Format::mxfp8, Format::fp8_block, Format::fp8_tensor, Format::int8,
                           Format::fp16, Format::bf16});
constexpr auto kCores = std::to_array<Format>({Format::fp8_tensor, Format::fp16, Format::bf16});
constexpr auto kWire =
    std::to_array<Format>({Format::nvfp4, Format::mxfp8, Format::fp8_block, Format::fp8_tensor, Format::int8,
                           Format::logfmt10, Format::fp16, Format::bf16});
constexpr auto kPlain = std::to_array<Format>({Format::fp16, Format::bf16, Format::fp32});

std::string names(std::span<const Format> formats) {
    std::vector<std::string_view> words;
    for (const Format f : formats) words.push_back(name_of(f));
    return joined(words);
}

void read_format(SpecReader& in, const std::string& key, std::span<const Format> allowed, Format& format) {
    in.ignore(key);
    if (!in.has(key)) return;
    const std::string name = in.text(key);
    try {
        format = parse_format(name);
    } catch (const std::invalid_argument& e) {
        in.fail(key, e.what());
    }
    if (std::find(allowed.begin(), allowed.end(), format) == allowed.end())
        in.fail(key, fmt::format("\"{}\": not for this component; allowed: {}", name, names(allowed)));
}

}  // namespace

std::string_view name_of(KvLayout layout) {
    return kLayouts[static_cast<std::size_t>(layout)];
}

PrecisionPolicy read_precision(const nlohmann::json& json, const std::string& file, const std::string& path,
                               const PrecisionPolicy& base) {
    SpecReader in(json, file, path);
    PrecisionPolicy p = base;
    p.title           = in.text("title", p.title);
    p.source          = in.text("source", p.source);
    read_format(in, "gemm", kWeights, p.gemm);
    read_format(in, "moe", kWeights, p.moe);
    read_format(in, "shared", kWeights, p.shared);
    read_format(in, "attention", kCores, p.attention);
    read_format(in, "absorbed", kWeights, p.absorbed);
    in.ignore("kv_cache");
    if (in.has("kv_cache")) p.kv_cache = static_cast<KvLayout>(in.choice("kv_cache", kLayouts));
    read_format(in, "dispatch", kWire, p.dispatch);
    read_format(in, "combine", kWire, p.combine);
    read_format(in, "router", kPlain, p.router);
    read_format(in, "head", kWeights, p.head);
    read_format(in, "embedding", kPlain, p.embedding);
    read_format(in, "mtp", kWeights, p.mtp);
    in.finish();
    return p;
}

PrecisionPolicy load_precision(const DataFiles& data, const std::string& name) {
    const nlohmann::json json = load_preset(data, "scenarios/precisions", name, "precision", "/");
    PrecisionPolicy p         = read_precision(json, data.shown("scenarios/precisions/" + name + ".json"));
    p.name                    = name;
    return p;
}

void check_precision(const PrecisionPolicy& policy, const ModelSpec& model, const std::string& file,
                     const std::string& path) {
    if (policy.kv_cache == KvLayout::fp8_flashmla && model.attention.kind != AttentionKind::mla)
        fail_at(file, path + "/kv_cache",
                fmt::format("\"fp8-flashmla\" holds MLA's latent, which {} has not; allowed: bf16, fp8",
                            model.name));
}

}  // namespace isobath
