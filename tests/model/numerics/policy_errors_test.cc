#include "model/numerics/policy_errors.h"

#include <algorithm>

#include "hw/spec_reader.h"
#include "tests/catch.h"

using namespace isobath;
using namespace isobath::numerics;

namespace {

Sample small() {
    Sample s;
    s.attention.contexts = {512, 1024};
    s.attention.queries  = 4;
    s.tokens             = 8;
    s.router.tokens      = 64;
    return s;
}

ErrorTable table() {
    return {load_model(DataFiles(), "deepseek-v3"), small()};
}

PrecisionPolicy preset(const std::string& name) {
    return load_precision(DataFiles(), name);
}

}  // namespace

TEST_CASE("numerics: NVFP4 is worse than FP8 is worse than BF16 in every block", "[model][numerics]") {
    ErrorTable t              = table();
    const BlockVariances bf16 = t.blocks(preset("bf16"));
    const BlockVariances fp8  = t.blocks(preset("deepseek-fp8"));
    PrecisionPolicy four      = preset("deepseek-nvfp4");
    four.gemm = four.mtp     = Format::nvfp4;
    const BlockVariances fp4 = t.blocks(four);
    for (double BlockVariances::*block : {&BlockVariances::attention, &BlockVariances::dense,
                                          &BlockVariances::experts, &BlockVariances::mtp}) {
        CHECK(bf16.*block < fp8.*block / 10);
        CHECK(fp8.*block < fp4.*block / 2);
    }
    CHECK(t.hidden(preset("bf16")).hidden < t.hidden(preset("deepseek-fp8")).hidden);
    CHECK(t.hidden(preset("deepseek-fp8")).hidden < t.hidden(preset("deepseek-nvfp4")).hidden);
    CHECK(t.hidden(preset("deepseek-nvfp4")).hidden < t.hidden(four).hidden);
}

TEST_CASE("numerics: a component's format moves its own parts and no other's", "[model][numerics]") {
    ErrorTable t      = table();
    PrecisionPolicy p = preset("bf16");
    const auto before = t.parts(p);
    p.moe             = Format::nvfp4;
    const auto after  = t.parts(p);
    REQUIRE(before.size() == after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
        INFO(before[i].component << " " << before[i].name);
        CHECK((after[i].error.rms > before[i].error.rms) == (before[i].component == "moe"));
    }
}

TEST_CASE("numerics: DeepSeek-V3's products have the sums that its config says", "[model][numerics]") {
    std::vector<int> sums;
    ErrorTable t = table();
    for (const PartError& part : t.parts(preset("bf16"))) sums.push_back(part.k);
    for (const int k : {7168, 1536, 128, 512, 16384, 18432, 2048, 14336})
        CHECK(std::count(sums.begin(), sums.end(), k) > 0);
}

TEST_CASE("numerics: what was dispatched in the experts' format is not quantised again",
          "[model][numerics]") {
    ErrorTable t         = table();
    PrecisionPolicy same = preset("deepseek-fp8"), twice = same;
    twice.dispatch = Format::fp8_tensor;
    same.combine = twice.combine = Format::fp32;
    CHECK(t.blocks(twice).experts > t.blocks(same).experts);
    twice.dispatch = Format::fp32;
    CHECK(t.blocks(twice).experts == Approx(t.blocks(same).experts));
}

TEST_CASE("numerics: the user's tensors take the place of made-up ones", "[model][numerics]") {
    Sample sample      = small();
    sample.activations = Tensor(4, 7168);
    for (float& v : sample.activations.values) v = 1;  // a power of two: exact in every format
    sample.weights = Tensor(4, 7168);
    for (float& v : sample.weights.values) v = 0.5f;
    ErrorTable t(load_model(DataFiles(), "deepseek-v3"), sample);
    CHECK(t.product(7168, Format::bf16).error.rms == 0);
    CHECK(t.product(2048, Format::bf16).error.rms > 0);
    sample.weights = Tensor(4, 100);
    CHECK_THROWS_AS(ErrorTable(load_model(DataFiles(), "deepseek-v3"), sample), SpecError);
    sample       = small();
    sample.cache = Tensor(1024, 500);
    CHECK_THROWS_WITH(ErrorTable(load_model(DataFiles(), "deepseek-v3"), sample),
                      Catch::Contains("--tensor cache: 500 columns; expected 576"));
}

TEST_CASE("numerics: a model without latent attention or experts is refused", "[model][numerics]") {
    CHECK_THROWS_AS(ErrorTable(load_model(DataFiles(), "llama-3.1-405b"), small()), SpecError);
    CHECK_THROWS_AS(ErrorTable(load_model(DataFiles(), "qwen3-235b"), small()), SpecError);
}
