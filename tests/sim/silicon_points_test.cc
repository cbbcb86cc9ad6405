#include <map>
#include <nlohmann/json.hpp>

#include "hw/calibration.h"
#include "hw/gpu.h"
#include "model/calibrate/judge.h"
#include "sim/validate/kernel_op.h"
#include "sim/validate/report.h"
#include "tests/catch.h"

using namespace isobath;
using nlohmann::json;

namespace {

struct Place {
    std::string gpu, family, implementation;
    auto operator<=>(const Place&) const = default;
};

/// Points of silicon tables, by what predicts them.
std::map<Place, std::vector<PointResult>> silicon_points() {
    std::map<Place, std::vector<PointResult>> out;
    for (const PointResult& r : validate(DataFiles(), {"aiconfigurator."}).results) {
        const json& how        = *r.point.predict;
        const Calibration from = load_calibration(DataFiles(), how.at("calibration"));
        out[{r.point.gpu, family_for(kernel_op(how.at("kernel")), from), how.at("implementation")}].push_back(
            r);
    }
    return out;
}

std::optional<UnseenScores> scores_of(const Place& place) {
    std::optional<UnseenScores> out;
    each_family(load_calibration(DataFiles(), place.gpu), [&](const std::string& key, const auto& family) {
        const auto* found = family.find(place.implementation);
        if (key == place.family && found) out = found->unseen;
    });
    return out;
}

}  // namespace

TEST_CASE("silicon points: none is fitted, each is judged by its own GPU, no family has more than 25",
          "[sim][validate]") {
    std::map<std::string, int> family;
    for (const auto& [place, results] : silicon_points()) {
        family[place.gpu + " " + place.family] += int(results.size());
        for (const PointResult& r : results) {
            CHECK_FALSE(r.point.used_in_fit);
            CHECK((*r.point.predict)["calibration"] == r.point.gpu);
        }
    }
    CHECK(family.size() >= 30);
    for (const auto& [name, n] : family) {
        INFO(name);
        CHECK(n <= 25);
    }
}

TEST_CASE("silicon points: where they are all the rows held back, they score as the calibration says",
          "[sim][validate]") {
    // The calibration keeps its scores to four digits, the points their times to six.
    int compared = 0;
    for (const auto& [place, results] : silicon_points()) {
        const auto unseen = scores_of(place);
        INFO(place.gpu << " " << place.family << " " << place.implementation);
        REQUIRE(unseen);
        if (unseen->held_back.rows != int(results.size())) continue;
        ++compared;
        const Summary s = summary_of(results);
        CHECK(s.median_abs_error == Approx(unseen->held_back.median).epsilon(1e-3));
        CHECK(double(s.covered) / s.n == Approx(unseen->held_back.coverage).epsilon(1e-3));
    }
    CHECK(compared >= 15);
}

TEST_CASE("silicon points: a kernel's JSON gives the kernel back", "[sim][validate]") {
    for (const Op& op : std::vector<Op>{
             Gemm{64, 2112, 7168, Format::fp8_tensor}, BatchedGemm{128, 4, 512, 128, Format::bf16},
             GroupedGemm{100, 8, 2.5, 4096, 7168}, FusedMoe{16, 128, 97.3125, 256, 7168, 128, Format::nvfp4},
             MlaDecode{4, 2, 1025, 16, 512, 64, KvLayout::fp8},
             FlashPrefill{2, 1024, 2048, 16, 16, 192, 128, Format::fp8_tensor}}) {
        const json once = kernel_json(op);
        CHECK(kernel_op(once).index() == op.index());
        CHECK(json(kernel_json(kernel_op(once))) == once);
    }
    CHECK_THROWS_WITH(kernel_op(json{{"op", "gemv"}}), "validation point: unknown kernel \"gemv\"");
}

TEST_CASE("silicon points: a format without a family of its own takes the general one", "[sim][validate]") {
    const Calibration h800 = load_calibration(DataFiles(), "h800"),
                      h200 = load_calibration(DataFiles(), "h200");
    const Op fp8           = MlaDecode{4, 1, 1025, 16, 512, 64, KvLayout::fp8};
    CHECK(family_for(fp8, h200) == "mla_decode_fp8");
    CHECK(family_for(fp8, h800) == "mla_decode");
    CHECK(family_for(Gemm{64, 2112, 7168, Format::nvfp4}, h200) == "gemm_fp8");
}

TEST_CASE("silicon points: another GPU's constants are assumed, and their interval wider",
          "[sim][validate]") {
    const Calibration h100 = load_calibration(DataFiles(), "h100");
    const GpuSpec own = load_gpu(DataFiles(), "h100"), other = load_gpu(DataFiles(), "h200");
    for (const Op& op :
         std::vector<Op>{Gemm{64, 2112, 7168, Format::fp8_block}, MlaDecode{4, 1, 1025, 16, 512, 64}}) {
        const std::string family = family_for(op, h100);
        const Estimate here      = as_benchmarked(h100, own, family, "", op),
                       there     = as_benchmarked(h100, other, family, "", op);
        CHECK(here.source == Source::fitted);
        CHECK(there.source == Source::assumed);
        // 0.84 / 0.57 = 1.47: what carrying a share of peak from one GPU to another can be wrong by.
        CHECK((there.high / there.time) / (here.high / here.time) == Approx(0.84 / 0.57));
        CHECK(there.time <= here.time);  // the same die with 1.43 times the bandwidth
    }
}

TEST_CASE("silicon points: H200 is predicted by the other two, worse than by its own fit",
          "[sim][validate]") {
    const ValidationReport report = validate(DataFiles(), {"aiconfigurator.h200."});
    REQUIRE(report.carried.size() >= 8);
    double own = 0, carried = 0;
    for (const CarriedRow& row : report.carried) {
        CHECK(row.own.n == row.carried.n);
        own += row.own.median_abs_error;
        carried += row.carried.median_abs_error;
    }
    CHECK(own < carried);
    CHECK(validate(DataFiles(), {"deepep."}).carried.empty());
}
