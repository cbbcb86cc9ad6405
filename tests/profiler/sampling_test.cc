#include "profiler/sampling.h"

#include "tests/catch.h"

using namespace isobath;
using unit::us;

namespace {

Statistics of(std::initializer_list<double> microseconds) {
    Statistics out;
    for (const double each : microseconds) out.add(each * us);
    return out;
}

/// A clock that goes on by one second each time it is read, and samples of a fixed list, the last for
/// ever.
struct Script {
    std::vector<Sample> samples;
    std::size_t next = 0;
    int reads = 0, rests = 0;

    Sampled run(const StoppingRule& rule, ClockJudge judge = ClockJudge()) {
        return sample(
            rule, judge, [this] { return samples[std::min(next++, samples.size() - 1)]; },
            [this] { return ++reads * unit::s; }, [this] { ++rests; });
    }
};

}  // namespace

TEST_CASE("statistics: none and one sample answer without a fault", "[profiler]") {
    CHECK(Statistics{}.median() == Seconds{});
    CHECK(Statistics{}.spread() == 0);
    CHECK(Statistics{}.noise() == 1);
    CHECK(of({5}).median().in(us) == Approx(5));
    CHECK(of({5}).noise() == 1);
    CHECK(of({0, 0, 0}).spread() == 0);
}

TEST_CASE("statistics: an outlier moves neither median nor spread", "[profiler]") {
    // Sorted 1 2 3 4 100: the quartiles are the 2nd and the 4th value, the median the 3rd: (4 - 2) / 3.
    const Statistics s = of({3, 1, 100, 2, 4});
    CHECK(s.median().in(us) == Approx(3));
    CHECK(s.spread() == Approx(2. / 3));
}

TEST_CASE("statistics: noise falls with the root of the number of samples", "[profiler]") {
    Statistics few, many;
    for (int i = 0; i < 4 * 101; ++i) {
        if (i < 101) few.add((i % 101) * us);
        many.add((i % 101) * us);
    }
    CHECK(few.noise() / many.noise() == Approx(2).epsilon(0.02));
    // Of 0..100 the quartiles are 25 and 75 about 50, so the spread is 1; 1.2533 / 1.349 / sqrt(101) =
    // 0.0924.
    CHECK(few.noise() == Approx(0.0924).epsilon(0.01));
}

TEST_CASE("sampling: quiet samples end it at the least number, by noise", "[profiler]") {
    Script script{{{10 * us, 1980}}};
    const Sampled out = script.run({0.005, 15, 200, 1000 * unit::s});
    CHECK(out.times.count() == 15);
    CHECK(out.stopped == Stopped::noise);
    CHECK(out.clock_mhz == 1980);
    CHECK(out.discarded == 0);
}

TEST_CASE("sampling: noisy samples end it at the largest number, or at the wall time and say so",
          "[profiler]") {
    Script loud;
    for (int i = 0; i < 1000; ++i) loud.samples.push_back({(i % 2 == 0 ? 10 : 20) * us, 0});
    CHECK(loud.run({0.0001, 15, 60, 1000 * unit::s}).stopped == Stopped::samples);
    Script slow{loud.samples};
    // The clock is read once at the start and before each sample: 40 s are over when 39 are taken.
    const Sampled out = slow.run({0.0001, 15, 1000, 40 * unit::s});
    CHECK(out.stopped == Stopped::wall_time);
    CHECK(out.times.count() == 39);
}

TEST_CASE("sampling: one sample is taken even where the time is already over", "[profiler]") {
    Script script{{{10 * us, 0}}};
    const Sampled out = script.run({0.005, 15, 200, Seconds{}});
    CHECK(out.times.count() == 1);
    CHECK(out.stopped == Stopped::wall_time);
}

TEST_CASE("sampling: samples at a lowered clock are thrown away, and the GPU rests", "[profiler]") {
    Script script{{{10 * us, 1980}, {14 * us, 1400}, {13 * us, 1500}, {10 * us, 1970}}};
    const Sampled out = script.run({0.005, 15, 200, 1000 * unit::s});
    CHECK(out.discarded == 2);
    CHECK(script.rests == 2);
    CHECK(out.times.median().in(us) == Approx(10));
    CHECK(out.times.spread() == 0);
}

TEST_CASE("sampling: a sample that says it is not valid does not count", "[profiler]") {
    Script script{{{999 * us, 0, false}, {10 * us, 0}}};
    const Sampled out = script.run({0.005, 3, 200, 1000 * unit::s});
    CHECK(out.discarded == 1);
    CHECK(out.times.median().in(us) == Approx(10));
}

TEST_CASE("sampling: a GPU that stays at a lower clock is measured there", "[profiler]") {
    ClockJudge judge(0.95, 3);
    CHECK(judge.keep(1980));
    CHECK_FALSE(judge.keep(1500));
    CHECK_FALSE(judge.keep(1500));
    CHECK(judge.keep(1500));
    CHECK(judge.keep(1490));
    CHECK(judge.keep(1980));
    CHECK_FALSE(judge.keep(1500));
}

TEST_CASE("sampling: 5 % below the highest clock is the limit, and an unread clock counts", "[profiler]") {
    ClockJudge judge;
    CHECK(judge.keep(2000));
    CHECK(judge.keep(1900));
    CHECK_FALSE(judge.keep(1899));
    CHECK(judge.keep(0));
}
