#include "model/precision.h"

#include <nlohmann/json.hpp>

#include "tests/catch.h"

using namespace isobath;
using nlohmann::json;

TEST_CASE("precision: DeepSeek's FP8 preset keeps attention, cache and combine in BF16",
          "[model][precision]") {
    const PrecisionPolicy p = load_precision(DataFiles{}, "deepseek-fp8");
    CHECK(p.name == "deepseek-fp8");
    CHECK(p.gemm == Format::fp8_block);
    CHECK(p.moe == Format::fp8_block);
    CHECK(p.attention == Format::bf16);
    CHECK(p.kv_cache == KvLayout::bf16);
    CHECK(p.dispatch == Format::fp8_block);
    CHECK(p.combine == Format::bf16);
}

TEST_CASE("precision: what an override leaves out stays as in the preset", "[model][precision]") {
    const PrecisionPolicy base = load_precision(DataFiles{}, "deepseek-fp8");
    const json change          = {{"kv_cache", "fp8-flashmla"}, {"moe", "nvfp4"}};
    const PrecisionPolicy p    = read_precision(change, "s.json", "/precision", base);
    CHECK(p.kv_cache == KvLayout::fp8_flashmla);
    CHECK(p.moe == Format::nvfp4);
    CHECK(p.shared == Format::fp8_block);
}

TEST_CASE("precision: every preset can be read", "[model][precision]") {
    for (const std::string& name : DataFiles{}.names("scenarios/precisions"))
        CHECK_FALSE(load_precision(DataFiles{}, name).source.empty());
}

TEST_CASE("precision: a wrong key or format is answered with what would do", "[model][precision]") {
    const auto refused = [](const json& change, const std::string& message) {
        CHECK_THROWS_WITH(read_precision(change, "s.json", "/precision"),
                          Catch::StartsWith("s.json: " + message));
    };
    refused({{"kv_cach", "fp8"}}, "/precision/kv_cach: unknown key; did you mean \"kv_cache\"?");
    refused({{"moe", "fp7"}}, "/precision/moe: \"fp7\": not a number format; known: nvfp4, mxfp8");
    refused({{"moe", "logfmt10"}},
            "/precision/moe: \"logfmt10\": not for this component; allowed: nvfp4, mxfp8");
    refused({{"kv_cache", "nvfp4"}},
            "/precision/kv_cache: \"nvfp4\": not known; allowed: bf16, fp8, fp8-flashmla");
    refused({{"gemm", 8}}, "/precision/gemm: expected text, got 8");
}

TEST_CASE("precision: FlashMLA's cache is refused for a model without MLA", "[model][precision]") {
    PrecisionPolicy p;
    p.kv_cache = KvLayout::fp8_flashmla;
    CHECK_NOTHROW(check_precision(p, load_model(DataFiles{}, "deepseek-v3"), "s.json", "/precision"));
    CHECK_THROWS_WITH(check_precision(p, load_model(DataFiles{}, "qwen2.5-72b"), "s.json", "/precision"),
                      Catch::StartsWith("s.json: /precision/kv_cache: \"fp8-flashmla\" holds MLA's latent"));
}
