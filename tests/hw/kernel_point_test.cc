#include "hw/kernel_point.h"

#include <nlohmann/json.hpp>

#include "tests/catch.h"

using namespace isobath;

namespace {

const KernelPoint kGemm{KernelKind::gemm, "fp8_block", {64, 7168, 2048}};

std::string error_of(const char* text) {
    try {
        parse_kernel_point(text, "range");
    } catch (const SpecError& e) {
        return e.what();
    }
    return "";
}

}  // namespace

TEST_CASE("kernel point: every kind comes back from its JSON with every axis and format", "[hw][point]") {
    for (int kind = 0; kind < kKernelKindCount; ++kind) {
        KernelPoint point{static_cast<KernelKind>(kind), {}, {}};
        for (std::size_t i = 0; i < axis_names(point.kind).size(); ++i) point.values[i] = std::int64_t(i) + 1;
        if (point.kind == KernelKind::grouped_gemm) point.values[5] = 1;  // contiguous is 0 or 1
        for (const auto format : formats_of(point.kind)) {
            point.format = format;
            CHECK(parse_kernel_point(to_json(point).dump(), "range") == point);
        }
    }
}

TEST_CASE("kernel point: the text of a range is one flat object", "[hw][point]") {
    CHECK(to_json(kGemm).dump() == R"({"kernel":"gemm","format":"fp8_block","m":64,"n":7168,"k":2048})");
    CHECK(to_string(kGemm) == "gemm fp8_block m=64 n=7168 k=2048");
    CHECK(kGemm["n"] == 7168);
    CHECK_THROWS_AS(kGemm["heads"], std::logic_error);
}

TEST_CASE("kernel point: what is wrong is named with what is allowed", "[hw][point]") {
    CHECK_THAT(error_of(R"({"kernel":"gem","m":1,"n":1,"k":1})"), Catch::Contains("allowed: copy, read"));
    CHECK_THAT(error_of(R"({"kernel":"gemm","format":"fp7","m":1,"n":1,"k":1})"), Catch::Contains("nvfp4"));
    CHECK_THAT(error_of(R"({"kernel":"gemm","m":0,"n":1,"k":1})"), Catch::Contains("range: /m: "));
    CHECK_THAT(error_of(R"({"kernel":"gemm","m":1.5,"n":1,"k":1})"), Catch::Contains("whole"));
    CHECK_THAT(error_of(R"({"kernel":"gemm","m":1e300,"n":1,"k":1})"), Catch::Contains("range: /m: "));
    CHECK_THAT(error_of(R"({"kernel":"gemm","m":1,"n":1,"k":1,"q":1})"), Catch::Contains("unknown key"));
    CHECK_THAT(error_of("aten::mm"), Catch::Contains("range"));
}

TEST_CASE("shapes: a list comes back in order, twice-named shapes once", "[hw][point]") {
    const KernelPoint copy{KernelKind::copy, "bf16", {1 << 30}};
    const std::vector<KernelPoint> twice{kGemm, copy, kGemm};
    const std::string text = shapes_json(twice, "a scenario");
    CHECK(read_shapes(nlohmann::json::parse(text), "shapes") == std::vector<KernelPoint>{kGemm, copy});
    CHECK(read_shapes(nlohmann::json::parse(shapes_json({}, "")), "shapes").empty());
}
