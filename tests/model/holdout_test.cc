#include "model/calibrate/holdout.h"

#include "model/calibrate/kernel_table.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

Scored row(const char* key, double measured_us, double predicted_us, double factor) {
    return {key, measured_us * unit::us, Estimate::within(predicted_us * unit::us, factor, Source::fitted)};
}

KernelSample sample(int n, double us, bool held_back) {
    return {Gemm{1, n, 1, Format::bf16}, us * unit::us, std::to_string(n), held_back};
}

/// Predicts the mean time of what it was fitted to.
auto fit_mean(const std::vector<KernelSample>& rows) {
    Seconds sum;
    for (const KernelSample& each : rows) sum += each.time;
    const Seconds mean = sum / double(rows.size());
    return [mean](const KernelSample&) { return Estimate::within(mean, 2, Source::fitted); };
}

std::string site(const KernelSample& each) {
    return std::to_string(std::get<Gemm>(each.op).n);
}

}  // namespace

TEST_CASE("scores: median, ninetieth percentile, worst and where", "[model][holdout]") {
    // Errors 0, 0.1, 0.5 (in this order): median 0.1; p90 at 1.8 of 2 steps: 0.1 + 0.8 * 0.4 = 0.42.
    const Scored rows[] = {row("a", 10, 10, 1.2), row("b", 10, 11, 1.2), row("c", 10, 15, 1.2)};
    const Scores scores = scores_of(rows);
    CHECK(scores.rows == 3);
    CHECK(scores.median == Approx(0.1));
    CHECK(scores.p90 == Approx(0.42));
    CHECK(scores.worst == Approx(0.5));
    CHECK(scores.worst_at == "c");
    // 10 lies in [8.3, 12] and [9.2, 13.2] but not in [12.5, 18]; the width is 1.2 - 1 / 1.2.
    CHECK(scores.coverage == Approx(2.0 / 3));
    CHECK(scores.width == Approx(1.2 - 1 / 1.2));
}

TEST_CASE("scores: no rows, no score", "[model][holdout]") {
    CHECK(scores_of({}) == Scores{});
}

TEST_CASE("holdout: a site that is left out is predicted from the others alone", "[model][holdout]") {
    // Sites 1 (4 us), 2 (8 us, once held back with 100 us). Left-out 1 is predicted 8, left-out 2 by 4.
    const std::vector<KernelSample> rows{sample(1, 4, false), sample(2, 8, false), sample(2, 100, true)};
    const auto scored = score_sites_left_out(std::span<const KernelSample>(rows), site, fit_mean);
    REQUIRE(scored.size() == 3);
    CHECK(scored[0].predicted.time.in(unit::us) == Approx(8));
    CHECK(scored[1].predicted.time.in(unit::us) == Approx(4));
    CHECK(scored[2].measured.in(unit::us) == Approx(100));
}

TEST_CASE("holdout: held-back rows are judged by the fit to the others", "[model][holdout]") {
    const std::vector<KernelSample> rows{sample(1, 4, false), sample(2, 8, false), sample(3, 12, true)};
    const std::span<const KernelSample> all(rows);
    const UnseenScores scores = judge(all, site, fit_mean, fit_mean(seen_rows(all)), 1);
    CHECK(scores.held_back.rows == 1);
    CHECK(scores.held_back.worst == Approx(0.5));  // predicted (4 + 8) / 2 of 12
    CHECK(scores.sites_left_out.rows == 3);
    CHECK(scores.constants == 1);
    CHECK(scores.sample == std::vector<ScoredPoint>{{12, 6}});
}

TEST_CASE("holdout: sites are dealt out evenly and stay whole", "[model][holdout]") {
    const std::vector<std::string> sites{"b", "a", "b", "c"};
    CHECK(folds_of(sites, 2) == std::vector<int>{1, 0, 1, 0});
}

TEST_CASE("holdout: a picture gets at most sixty rows, the shortest and the longest among them",
          "[model][holdout]") {
    std::vector<Scored> rows;
    for (int i = 1; i <= 1000; ++i) rows.push_back(row("x", i, 2 * i, 1.1));
    const auto sample = sample_of(rows);
    REQUIRE(sample.size() == 60);
    CHECK(sample.front().measured_us == Approx(1));
    CHECK(sample.back().measured_us == Approx(1000));
}
