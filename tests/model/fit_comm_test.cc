#include "model/calibrate/fit_comm.h"

#include <cmath>
#include <cstdlib>

#include "hw/comm_library.h"
#include "model/calibrate/fit_collectives.h"
#include "model/calibrate/fit_exchanges.h"
#include "model/calibrate/silicon_import.h"
#include "tests/catch.h"

using namespace isobath;
using namespace isobath::unit;

namespace {

constexpr auto GBps = GB / s;

/// Rows that a one-shot all-reduce beside a ring would give.
std::vector<CollectiveSample> one_shot_rows() {
    std::vector<CollectiveSample> rows;
    for (const int n : {2, 4, 8})
        for (double bytes = 256; bytes < 2e9; bytes *= 2) {
            const double one   = 3 + (n - 1) * bytes / 300e3,
                         ring  = 12 + 2. * (n - 1) / n * bytes / 400e3 + 5e-3 * std::sqrt(bytes);
            const double limit = n == 2 ? 16e6 : 8e6;
            rows.push_back({std::to_string(rows.size()), false,
                            (bytes <= limit ? std::min(one, ring) : ring) * us, Collective::all_reduce, n,
                            bytes * B});
        }
    return rows;
}

const CommScore& score_of(const CommLibrary& library, const std::string& family, const std::string& gpu) {
    for (const CommScore& score : library.fitted.scores)
        if (score.family == family && score.gpu == gpu) return score;
    throw std::logic_error("no score of " + family + " on " + gpu);
}

}  // namespace

TEST_CASE("fit comm: the constants of made-up all-reduces are found again", "[model][fit_comm]") {
    const auto fits = fit_collectives(one_shot_rows(), "h100", 450 * GBps, true);
    REQUIRE(fits.size() == 3);
    for (const CollectiveFit& fit : fits) {
        CHECK(fit.alpha.in(us) == Approx(12).epsilon(0.01));
        CHECK(fit.bandwidth.in(GBps) == Approx(400).epsilon(0.01));
        CHECK(fit.ramp * 1e6 == Approx(5e-3).epsilon(0.01));
        CHECK(fit.direct.alpha.in(us) == Approx(3).epsilon(0.01));
        CHECK(fit.direct.bandwidth.in(GBps) == Approx(300).epsilon(0.01));
        CHECK(fit.factor < 1.01);
    }
}

TEST_CASE("fit comm: the constants of made-up exchanges are found again", "[model][fit_comm]") {
    const GpuSpec h100 = load_gpu({}, "h100");
    const NicSpec nic  = load_nic({}, "cx7-400g");
    const ExchangeConstants truth{.alpha       = 25 * us,
                                  .per_sm      = 19 * GBps,
                                  .nvlink      = 320 * GBps,
                                  .rdma        = {},
                                  .fill        = 18 * us,
                                  .fill_tokens = 17,
                                  .visible     = 1};
    std::vector<ExchangeSample> rows;
    for (const int sms : {4, 8, 12, 16, 20, 24})
        for (double tokens = 1; tokens < 1e5; tokens *= 2) {
            const ExchangeLoad load{tokens, 40 * kB * tokens, 35 * kB * tokens, Bytes{}, sms};
            rows.push_back({std::to_string(rows.size()), false, time_of(truth, load), false, false, 1, load,
                            std::to_string(sms)});
        }
    const auto fits = fit_exchanges(rows, h100, nic);
    REQUIRE(fits.size() == 1);
    CHECK(fits[0].constants.alpha.in(us) == Approx(25).epsilon(0.01));
    CHECK(fits[0].constants.per_sm.in(GBps) == Approx(19).epsilon(0.01));
    CHECK(fits[0].constants.nvlink.in(GBps) == Approx(320).epsilon(0.01));
    CHECK(fits[0].constants.fill.in(us) == Approx(18).epsilon(0.02));
    CHECK(fits[0].constants.fill_tokens == Approx(17).epsilon(0.02));
}

TEST_CASE("fit comm: shipped all-reduces are within 10 % (median) and 20 % (p90) of rows held back",
          "[model][fit_comm]") {
    for (const char* preset : {"trtllm-allreduce", "nccl-2.29.2"})
        for (const char* gpu : {"h100", "h200", "b200"}) {
            INFO(preset << " " << gpu);
            const CommLibrary library = load_comm_library({}, preset);
            const CommScore& score    = score_of(library, "all_reduce", gpu);
            CHECK(score.unseen.held_back.rows >= 11);
            CHECK(score.unseen.held_back.median <= 0.10);
            CHECK(score.unseen.held_back.p90 <= 0.20);
            CHECK(score.unseen.held_back.width <= 0.30);
            CHECK(score.unseen.sites_left_out.median <= 0.10);
            // H200 under TensorRT-LLM is a hair beyond 20 %: in-switch sums are used on 8 GPUs only, and two
            // and four do not tell of them.
            CHECK(score.unseen.sites_left_out.p90 <= 0.21);
        }
}

TEST_CASE("fit comm: shipped exchanges are within 6 % (median) and 12 % (p90) of rows held back",
          "[model][fit_comm]") {
    const CommLibrary library = load_comm_library({}, "deepep-sglang-0.5.12");
    for (const char* gpu : {"h100", "h200", "b200", "gb200"}) {
        INFO(gpu);
        const CommScore& score = score_of(library, "deepep", gpu);
        CHECK(score.unseen.held_back.median <= 0.06);
        CHECK(score.unseen.held_back.p90 <= 0.12);
        CHECK(score.unseen.held_back.coverage >= 0.7);
        CHECK(score.unseen.held_back.coverage <= 0.9);
        CHECK(score.unseen.held_back.width <= 0.30);
        CHECK(score.unseen.sites_left_out.median <= 0.06);
        if (std::string(gpu) != "gb200") CHECK(score.unseen.sites_left_out.p90 <= 0.12);
    }
}

TEST_CASE("fit comm: fitting the tables again gives the shipped presets", "[model][fit_comm]") {
    const char* folder = std::getenv("ISOBATH_SILICON");
    if (!folder) {
        WARN("skipped: ISOBATH_SILICON names no folder of kernel tables");
        return;
    }
    for (const std::string& name : fitted_comm_presets()) {
        INFO(name);
        std::map<std::string, std::vector<SiliconTable>> tables;
        for (const std::string& gpu : gpus_of_comm_preset(name))
            tables[gpu] = import_silicon({}, folder, gpu).tables;
        CHECK(fit_comm_preset(name, tables, {}) == DataFiles{}.find("scenarios/comm/" + name + ".json"));
    }
}

TEST_CASE("fit comm: an unknown preset is answered with those that are fitted", "[model][fit_comm]") {
    CHECK_THROWS_WITH(gpus_of_comm_preset("nccl"), Catch::Contains("trtllm-allreduce"));
}
