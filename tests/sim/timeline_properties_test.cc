#include <algorithm>
#include <random>
#include <stdexcept>

#include "sim/timeline.h"
#include "tests/catch.h"

using namespace isobath;
using namespace isobath::unit;

namespace {

Task task(const char* name, Lane lane, double time) {
    return {.name = name, .lane = lane, .time = time * us};
}

Timeline timeline_of(const Plan& plan) {
    Timeline out;
    run(plan, out);
    return out;
}

double end_of(const Timeline& timeline, TaskId id) {
    return timeline.intervals[static_cast<std::size_t>(id.value)].end.in(us);
}
double start_of(const Timeline& timeline, TaskId id) {
    return timeline.intervals[static_cast<std::size_t>(id.value)].start.in(us);
}

/// Small whole numbers from the engine itself: the standard leaves distributions to each library.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    int below(int n) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }

  private:
    std::mt19937_64 engine_;
};

/// Up to 40 tasks on all lanes, some of no length, each after up to two earlier ones.
Plan random_plan(std::uint64_t seed) {
    Dice dice(seed);
    Plan plan;
    const int n = 1 + dice.below(40);
    for (int i = 0; i < n; ++i) {
        const Task next = task("T", static_cast<Lane>(dice.below(4)), dice.below(5) * 2.5);
        const TaskId none, a{i > 0 ? dice.below(i) : -1}, b{i > 0 ? dice.below(i) : -1};
        plan.add(next, {dice.below(2) ? a : none, dice.below(3) ? none : b});
    }
    return plan;
}

/// The longest chain of waiting, streams left out.
Seconds critical_path(const Plan& plan) {
    std::vector<Seconds> end(plan.tasks.size());
    Seconds longest;
    for (std::size_t i = 0; i < end.size(); ++i) {
        Seconds start;
        for (const TaskId t : plan.after_of(plan.tasks[i]))
            start = std::max(start, end[static_cast<std::size_t>(t.value)]);
        end[i]  = start + plan.tasks[i].time;
        longest = std::max(longest, end[i]);
    }
    return longest;
}

Seconds sum_over(const Plan& plan, std::initializer_list<Lane> lanes) {
    Seconds sum;
    for (const Task& t : plan.tasks)
        if (std::find(lanes.begin(), lanes.end(), t.lane) != lanes.end()) sum += t.time;
    return sum;
}

constexpr int kPlans = 300;

}  // namespace

TEST_CASE("timeline: two halves hide each other's network", "[sim][timeline]") {
    //            0    10   20   30
    // compute    A0   B0   A1   B1      B1 would wait to 30 anyway
    // comm            C0   C1
    Plan plan;
    const TaskId a0 = plan.add(task("A0", Lane::compute, 10));
    const TaskId a1 = plan.add(task("A1", Lane::compute, 10));
    const TaskId c0 = plan.add(task("C0", Lane::comm, 10), {a0});
    const TaskId c1 = plan.add(task("C1", Lane::comm, 10), {a1});
    plan.add(task("B0", Lane::compute, 10), {c0});
    plan.add(task("B1", Lane::compute, 10), {c1});
    CHECK(timeline_of(plan).makespan.in(us) == Approx(40));
}

TEST_CASE("timeline: without overlap the same work takes the sum of a chain", "[sim][timeline]") {
    Plan plan;
    TaskId last;
    for (const Lane lane : {Lane::compute, Lane::comm, Lane::compute, Lane::flight, Lane::barrier})
        last = plan.add(task("A", lane, 10), {last});
    CHECK(timeline_of(plan).makespan.in(us) == Approx(50));
}

TEST_CASE("timeline: communication is slowed only while compute is busy", "[sim][timeline]") {
    // A needs 10 us alone, C 20. While both run C moves at 1/2 and A at 4/5:
    //   A ends at 10 / (4/5) = 12.5; C has then done 12.5 / 2 = 6.25 and needs 13.75 more: it ends at 26.25.
    Plan plan;
    plan.contention         = {2, 1.25};
    const TaskId a          = plan.add(task("A", Lane::compute, 10));
    const TaskId c          = plan.add(task("C", Lane::comm, 20));
    const Timeline timeline = timeline_of(plan);
    CHECK(end_of(timeline, a) == Approx(12.5));
    CHECK(end_of(timeline, c) == Approx(26.25));
}

TEST_CASE("timeline: a second compute task slows what is left of the transfer", "[sim][timeline]") {
    // kappa = 3. A runs 0..9 and leaves C 12 - 3 = 9 to do. D may start at 12 (after flight F): C runs free
    // from 9 to 12 and has 6 left; D takes 6 us, in which C does 2; the last 4 run free from 18 on: C ends
    // at 22.
    Plan plan;
    plan.contention = {3, 1};
    plan.add(task("A", Lane::compute, 9));
    const TaskId c          = plan.add(task("C", Lane::comm, 12));
    const TaskId f          = plan.add(task("F", Lane::flight, 12));
    const TaskId d          = plan.add(task("D", Lane::compute, 6), {f});
    const Timeline timeline = timeline_of(plan);
    CHECK(end_of(timeline, d) == Approx(18));
    CHECK(end_of(timeline, c) == Approx(22));
}

TEST_CASE("timeline: a barrier neither slows compute nor is slowed by it", "[sim][timeline]") {
    // Barrier 0..10 at full speed beside A. The core (10 us) then takes 20, 10..30, and A runs at 4/5:
    // A has 40 - 10 = 30 left at 10, 30 - 16 = 14 left at 30, and ends at 44.
    Plan plan;
    plan.contention         = {2, 1.25};
    const TaskId a          = plan.add(task("A", Lane::compute, 40));
    const TaskId b          = plan.add(task("B", Lane::barrier, 10));
    const TaskId c          = plan.add(task("C", Lane::comm, 10));
    const Timeline timeline = timeline_of(plan);
    CHECK(end_of(timeline, b) == Approx(10));
    CHECK(end_of(timeline, c) == Approx(30));
    CHECK(end_of(timeline, a) == Approx(44));
}

TEST_CASE("timeline: flights start at once, do not queue, and touch nothing", "[sim][timeline]") {
    for (const double kappa : {1.0, 2.0}) {
        Plan plan;
        plan.contention         = {kappa, kappa};
        const TaskId a          = plan.add(task("A", Lane::compute, 30));
        const TaskId f          = plan.add(task("F", Lane::flight, 20));
        const TaskId g          = plan.add(task("G", Lane::flight, 25));
        const TaskId h          = plan.add(task("H", Lane::flight, 5), {f});
        const Timeline timeline = timeline_of(plan);
        CHECK(start_of(timeline, g) == 0);
        CHECK(end_of(timeline, f) == Approx(20));
        CHECK(end_of(timeline, h) == Approx(25));
        CHECK(end_of(timeline, a) == Approx(30));
    }
}

TEST_CASE("timeline: a wait takes no time of its own, but the stream stands until its flight has landed",
          "[sim][timeline]") {
    for (const double kappa : {1.0, 2.0}) {
        Plan plan;
        plan.contention = {kappa, 1};
        const TaskId f  = plan.add(task("F", Lane::flight, 25));
        plan.add(task("A", Lane::compute, 10));
        const TaskId wait       = plan.add(task("W", Lane::compute, 0), {f});
        const TaskId b          = plan.add(task("B", Lane::compute, 10));
        const Timeline timeline = timeline_of(plan);
        CHECK(start_of(timeline, wait) == Approx(25));
        CHECK(end_of(timeline, wait) == Approx(25));
        CHECK(end_of(timeline, b) == Approx(35));
    }
}

TEST_CASE("timeline: tasks of no length pass in order, on every lane", "[sim][timeline]") {
    for (const double kappa : {1.0, 2.0}) {
        Plan plan;
        plan.contention = {kappa, kappa};
        TaskId last;
        for (int i = 0; i < 8; ++i) last = plan.add(task("Z", static_cast<Lane>(i % 4), 0), {last});
        const TaskId a = plan.add(task("A", Lane::compute, 10), {last});
        CHECK(end_of(timeline_of(plan), a) == Approx(10));
    }
}

TEST_CASE("timeline: an empty plan takes no time", "[sim][timeline]") {
    CHECK(timeline_of({}).makespan == Seconds{});
}

TEST_CASE("plan: a task cannot wait for itself or a later one", "[sim][plan]") {
    Plan plan;
    const TaskId a = plan.add(task("A", Lane::compute, 10));
    CHECK_THROWS_AS(plan.add(task("B", Lane::compute, 10), {TaskId{1}}), std::logic_error);
    CHECK_THROWS_AS(plan.add(task("B", Lane::compute, 10), {a, TaskId{7}}), std::logic_error);
}

TEST_CASE("plan: ids that name nothing are skipped", "[sim][plan]") {
    Plan plan;
    const TaskId a = plan.add(task("A", Lane::compute, 10), {TaskId{}});
    const TaskId b = plan.add(task("B", Lane::comm, 10), {TaskId{}, a, TaskId{}});
    CHECK(plan.after_of(plan.tasks[0]).empty());
    REQUIRE(plan.after_of(plan.tasks[1]).size() == 1);
    CHECK(plan.after_of(plan.tasks[1])[0] == a);
    CHECK(b == TaskId{1});
}

TEST_CASE("timeline: the event engine without contention is list scheduling", "[sim][timeline]") {
    for (std::uint64_t seed = 0; seed < kPlans; ++seed) {
        Plan plan             = random_plan(seed);
        const Timeline listed = timeline_of(plan);
        plan.contention       = {1.000000001, 1};
        const Timeline events = timeline_of(plan);
        for (std::size_t i = 0; i < plan.tasks.size(); ++i) {
            INFO("seed " << seed << ", task " << i);
            REQUIRE(events.intervals[i].start.in(us) ==
                    Approx(listed.intervals[i].start.in(us)).margin(1e-4));
            REQUIRE(events.intervals[i].end.in(us) == Approx(listed.intervals[i].end.in(us)).margin(1e-4));
        }
    }
}

TEST_CASE("timeline: no plan ends before its critical path or the sum of a stream", "[sim][timeline]") {
    for (std::uint64_t seed = 0; seed < kPlans; ++seed) {
        INFO("seed " << seed);
        const Plan plan    = random_plan(seed);
        const double least = std::max({critical_path(plan), sum_over(plan, {Lane::compute}),
                                       sum_over(plan, {Lane::comm, Lane::barrier})})
                                 .in(us);
        REQUIRE(timeline_of(plan).makespan.in(us) >= least - 1e-9);
        REQUIRE(timeline_of(plan).makespan <=
                sum_over(plan, {Lane::compute, Lane::comm, Lane::barrier, Lane::flight}) + Seconds{1e-12});
    }
}

TEST_CASE("timeline: contention ends no task earlier, and waits are kept", "[sim][timeline]") {
    for (std::uint64_t seed = 0; seed < kPlans; ++seed) {
        Plan plan           = random_plan(seed);
        const Timeline free = timeline_of(plan);
        plan.contention     = {1.5, 1.25};
        const Timeline busy = timeline_of(plan);
        for (std::size_t i = 0; i < plan.tasks.size(); ++i) {
            INFO("seed " << seed << ", task " << i);
            REQUIRE(busy.intervals[i].end.in(us) >= free.intervals[i].end.in(us)-1e-9);
            for (const TaskId before : plan.after_of(plan.tasks[i]))
                REQUIRE(busy.intervals[i].start >=
                        busy.intervals[static_cast<std::size_t>(before.value)].end);
        }
    }
}

TEST_CASE("timeline: a reused Timeline gives the bits of a fresh one", "[sim][timeline]") {
    Timeline reused;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Plan plan       = random_plan(seed);
        plan.contention = {1.25, 1.03};
        run(plan, reused);
        const Timeline fresh = timeline_of(plan);
        for (std::size_t i = 0; i < plan.tasks.size(); ++i)
            REQUIRE(reused.intervals[i].end == fresh.intervals[i].end);
        REQUIRE(reused.intervals.size() == plan.tasks.size());
    }
}
