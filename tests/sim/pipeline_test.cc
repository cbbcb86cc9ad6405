#include "sim/train/pipeline.h"

#include <map>
#include <set>

#include "tests/catch.h"

using namespace isobath;
using unit::ms;

namespace {

/// F, input gradient I, W and F&B; the full backward B is I + W.
struct Times {
    double forward, input, weight, pair;

    ChunkTimes chunk() const { return {forward * ms, (input + weight) * ms, input * ms, weight * ms}; }
};

PipelineCosts alike(int stages, const Times& t, Seconds send = {}) {
    const auto n = std::size_t(stages);
    return {std::vector<ChunkTimes>(n, t.chunk()), std::vector<Seconds>(n * n, t.pair * ms), send};
}

PipelineRun ran(Schedule schedule, int ranks, int batches, const Times& t, Seconds send = {}) {
    return run(plan_pipeline(schedule, ranks, batches), alike(ranks, t, send));
}

/// Work of one micro-batch on one rank when nothing overlaps.
Seconds alone(const Times& t) {
    return (t.forward + t.input + t.weight) * ms;
}

constexpr Schedule kAll[] = {Schedule::one_f_one_b, Schedule::zb1p, Schedule::dualpipe};

}  // namespace

TEST_CASE("pipeline: bubbles are as DualPipe's table has them", "[sim][train]") {
    // PP = 8, F = 1, B = 3, W = 1, F&B = 3.5 ms:
    //   1F1B     7 * (1 + 3)         = 28
    //   ZB1P     7 * (1 + 3 - 2)     = 14
    //   DualPipe 3 * (3.5 + 3 - 3)   = 10.5
    const ChunkTimes c = Times{1, 2, 1, 3.5}.chunk();
    CHECK(bubble(Schedule::one_f_one_b, 8, c, 3.5 * ms).in(ms) == Approx(28));
    CHECK(bubble(Schedule::zb1p, 8, c, 3.5 * ms).in(ms) == Approx(14));
    CHECK(bubble(Schedule::dualpipe, 8, c, 3.5 * ms).in(ms) == Approx(10.5));
}

TEST_CASE("pipeline: 1F1B and ZB1P run leave exactly the table's bubble on every rank", "[sim][train]") {
    for (const Times& t : {Times{1, 1, 1, 0}, Times{58, 79, 26, 0}, Times{1, 2, 1, 0}, Times{2, 2, 1, 0}})
        for (const int ranks : {2, 4, 8, 16})
            for (const Schedule schedule : {Schedule::one_f_one_b, Schedule::zb1p}) {
                const PipelineRun r = ran(schedule, ranks, 4 * ranks, t);
                for (const RankTimes& rank : r.ranks)
                    CHECK(rank.bubble.in(ms) == Approx(bubble(schedule, ranks, t.chunk(), alone(t)).in(ms)));
                CHECK(r.makespan.in(ms) ==
                      Approx((4 * ranks * alone(t) + bubble(schedule, ranks, t.chunk(), alone(t))).in(ms)));
            }
}

TEST_CASE(
    "pipeline: DualPipe run leaves exactly the table's bubble where input gradients take as long as forward",
    "[sim][train]") {
    for (const int ranks : {2, 4, 8, 16})
        for (const double weight : {0.5, 1.0}) {
            // Overlapping gains nothing: the same on every rank.
            const Times whole{1, 1, weight, 2 + weight};
            for (const RankTimes& rank : ran(Schedule::dualpipe, ranks, 4 * ranks, whole).ranks)
                CHECK(rank.bubble.in(ms) ==
                      Approx(bubble(Schedule::dualpipe, ranks, whole.chunk(), whole.pair * ms).in(ms))
                          .margin(1e-9));
            // Overlapping gains: ranks away from the middle overlap less, so work more and idle less.
            const Times gaining{1, 1, weight, 1.5 + weight};
            const PipelineRun r = ran(Schedule::dualpipe, ranks, 4 * ranks, gaining);
            const double closed =
                bubble(Schedule::dualpipe, ranks, gaining.chunk(), gaining.pair * ms).in(ms);
            const std::size_t at = std::size_t(ranks / 2);
            CHECK(r.ranks[at].bubble.in(ms) == Approx(closed).margin(1e-9));
            CHECK(r.ranks[at - 1].bubble.in(ms) == Approx(closed).margin(1e-9));
            for (const RankTimes& rank : r.ranks) CHECK(rank.bubble.in(ms) <= closed + 1e-9);
        }
}

TEST_CASE("pipeline: every stage sees every micro-batch forward once, backward once and its weights once",
          "[sim][train]") {
    for (const Schedule schedule : kAll)
        for (const int ranks : {2, 6, 16}) {
            const int batches = 2 * ranks + 6;
            const Pipeline p  = plan_pipeline(schedule, ranks, batches);
            std::map<std::pair<int, int>, int> forward, input, weight;
            for (const auto& rank : p.ranks)
                for (const PipelineSlot& s : rank) {
                    const std::pair own{s.stage, s.batch}, other{s.other_stage, s.other_batch};
                    const bool pair = s.chunk == Chunk::pair, whole = s.chunk == Chunk::backward;
                    if (s.chunk == Chunk::forward || pair) ++forward[own];
                    if (s.chunk == Chunk::input || whole) ++input[own];
                    if (s.chunk == Chunk::weight || whole) ++weight[own];
                    if (pair) ++input[other], ++weight[other];
                }
            for (const auto& seen : {forward, input, weight}) {
                CHECK(seen.size() == std::size_t(ranks * batches));
                for (const auto& [at, times] : seen) CHECK(times == 1);
            }
        }
}

TEST_CASE("pipeline: no rank keeps more micro-batches than the table says", "[sim][train]") {
    for (const Schedule schedule : kAll)
        for (const int ranks : {2, 4, 8, 16}) {
            int most = 0;
            for (const auto& rank : plan_pipeline(schedule, ranks, 4 * ranks).ranks) {
                int kept = 0;
                for (const PipelineSlot& s : rank) {
                    // A pair takes one in before it lets another go.
                    if (s.chunk == Chunk::forward || s.chunk == Chunk::pair) most = std::max(most, ++kept);
                    if (s.chunk != Chunk::forward && s.chunk != Chunk::weight) --kept;
                }
                CHECK(kept == 0);
            }
            CHECK(most == kept_batches(schedule, ranks));
        }
}

TEST_CASE("pipeline: more micro-batches or slower sending never shorten a step", "[sim][train]") {
    const Times t{1, 1.4, 0.6, 2.6};
    for (const Schedule schedule : kAll) {
        Seconds last;
        for (int batches = 16; batches <= 32; batches += 2) {
            const Seconds now = ran(schedule, 8, batches, t).makespan;
            CHECK(now > last);
            CHECK(ran(schedule, 8, batches, t, 0.1 * ms).makespan >= now);
            last = now;
        }
    }
}

TEST_CASE("pipeline: a rank's times and its bubble make up the step", "[sim][train]") {
    for (const Schedule schedule : kAll) {
        const PipelineRun r = ran(schedule, 8, 20, {1, 1.4, 0.6, 2.6}, 0.05 * ms);
        for (const RankTimes& t : r.ranks)
            CHECK((t.forward + t.backward + t.weight + t.pair + t.bubble).in(ms) ==
                  Approx(r.makespan.in(ms)));
    }
}

TEST_CASE("pipeline: one rank has no bubble, and what DualPipe cannot do is said", "[sim][train]") {
    CHECK(ran(Schedule::one_f_one_b, 1, 3, {1, 1, 1, 0}).ranks[0].bubble.in(ms) == Approx(0).margin(1e-12));
    CHECK(check_pipeline(Schedule::dualpipe, 7, 14) == "dualpipe needs an even number of stages");
    CHECK(check_pipeline(Schedule::dualpipe, 8, 17) == "dualpipe needs an even number of micro-batches");
    CHECK(check_pipeline(Schedule::dualpipe, 8, 14) ==
          "dualpipe needs at least two micro-batches for each stage");
    CHECK(check_pipeline(Schedule::zb1p, 7, 3).empty());
    CHECK_THROWS_AS(plan_pipeline(Schedule::dualpipe, 7, 14), std::logic_error);
}
