#include "sim/timeline.h"

#include "tests/catch.h"

using namespace isobath;

namespace {

constexpr auto us = unit::us;

Task task(Lane lane, double time) {
    return {"", 0, 0, lane, time * us};
}

double end(const Timeline& t, TaskId id) {
    return t.intervals[static_cast<std::size_t>(id.value)].end.in(us);
}

}  // namespace

TEST_CASE("timeline: a task starts when its stream is free and what it waits for has ended",
          "[sim][timeline]") {
    // compute A 0-3; flight F after A 3-8; compute B 3-4 beside it; C waits for F: 8-10.
    Plan plan;
    const TaskId a = plan.add(task(Lane::compute, 3)), f = plan.add(task(Lane::flight, 5), {a});
    const TaskId b = plan.add(task(Lane::compute, 1)), c = plan.add(task(Lane::compute, 2), {f});
    Timeline t;
    run(plan, t);
    CHECK(end(t, f) == Approx(8));
    CHECK(end(t, b) == Approx(4));
    CHECK(end(t, c) == Approx(10));
    CHECK(t.makespan.in(us) == Approx(10));
}

TEST_CASE("timeline: two streams slow each other only while both are busy", "[sim][timeline]") {
    // Comm runs at 1/2 under compute, compute at 2/3 under comm. Comm 2 us needs 4 us under compute; by then
    // compute has done 4 * 2/3 = 8/3 of its 6 us and does the other 10/3 at full rate: 22/3 us.
    Plan plan;
    plan.contention   = {2, 1.5};
    const TaskId work = plan.add(task(Lane::compute, 6)), move = plan.add(task(Lane::comm, 2));
    Timeline t;
    run(plan, t);
    CHECK(end(t, move) == Approx(4));
    CHECK(end(t, work) == Approx(22.0 / 3));
    CHECK(t.makespan.in(us) == Approx(22.0 / 3));
}

TEST_CASE("timeline: a barrier holds the comm stream but slows nobody", "[sim][timeline]") {
    // Barrier 0-3 beside compute 0-3; then the comm task has the GPU to itself: 3-5.
    Plan plan;
    plan.contention   = {2, 1.5};
    const TaskId work = plan.add(task(Lane::compute, 3)), wait = plan.add(task(Lane::barrier, 3));
    const TaskId move = plan.add(task(Lane::comm, 2), {wait});
    Timeline t;
    run(plan, t);
    CHECK(end(t, work) == Approx(3));
    CHECK(end(t, move) == Approx(5));
}

TEST_CASE("timeline: a flight takes its own time whatever contends, and need not land in order",
          "[sim][timeline]") {
    // Flight F follows the comm task (3 us at half rate under 6+ us of compute), flight G follows nothing:
    // 0-1. B waits for G, which stands behind F; with compute slowed by 3/2 while comm moves (0-6): A 0-3, B
    // 3-6, and the last 0 us. F: 6-10.
    Plan plan;
    plan.contention = {2, 1.5};
    const TaskId a = plan.add(task(Lane::compute, 2)), move = plan.add(task(Lane::comm, 3));
    const TaskId f = plan.add(task(Lane::flight, 4), {move}), g = plan.add(task(Lane::flight, 1));
    const TaskId b = plan.add(task(Lane::compute, 2), {g}), c = plan.add(task(Lane::compute, 1), {f});
    Timeline t;
    run(plan, t);
    CHECK(end(t, a) == Approx(3));
    CHECK(end(t, g) == Approx(1));
    CHECK(end(t, b) == Approx(6));
    CHECK(end(t, move) == Approx(6));
    CHECK(end(t, f) == Approx(10));
    CHECK(end(t, c) == Approx(11));
}

TEST_CASE("timeline: a plan that grows keeps what it had, and ends as if run whole", "[sim][timeline]") {
    for (const double slow : {1.0, 2.0}) {
        Plan plan;
        plan.contention = {slow, slow};
        Timeline grown, whole;
        for (int i = 1; i <= 4; ++i) {
            const TaskId a = plan.add(task(Lane::compute, i));
            plan.add(task(Lane::comm, 2), {a});
            extend(plan, grown);
        }
        run(plan, whole);
        CHECK(grown.makespan == whole.makespan);
        CHECK(grown.intervals.back().start == whole.intervals.back().start);
    }
}

TEST_CASE("timeline: a task cannot wait for itself or a later one", "[sim][timeline]") {
    Plan plan;
    CHECK_THROWS_AS(plan.add(task(Lane::compute, 1), {TaskId{0}}), std::logic_error);
}
