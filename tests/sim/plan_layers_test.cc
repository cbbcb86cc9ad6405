#include "sim/plan_layers.h"

#include <algorithm>
#include <random>

#include "sim/timeline.h"
#include "tests/catch.h"

using namespace isobath;
using namespace isobath::unit;

namespace {

double makespan(const LayerPlan& what, const RoleTimes& times, int layers) {
    Plan plan;
    Timeline timeline;
    plan_layers(what, times, layers, plan);
    run(plan, timeline);
    return timeline.makespan.in(us);
}

/// One more layer once the pipe is full.
double period(const LayerPlan& what, const RoleTimes& times, int layers = 12) {
    return makespan(what, times, layers) - makespan(what, times, layers - 1);
}

constexpr LayerPlan kHook{Overlap::two_batch_hook, true, true};
constexpr LayerPlan kTwoBatch{Overlap::two_batch, true, false};

RoleTimes hook_times(double Nd, double Nc) {
    RoleTimes t;
    t[Role::attention_in] = 80 * us, t[Role::attention_out] = 330 * us, t[Role::shared] = 26 * us;
    t[Role::experts]       = 130 * us;
    t[Role::dispatch_send] = 14 * us, t[Role::dispatch_recv] = 16 * us;
    t[Role::combine_send] = 22 * us, t[Role::combine_recv] = 17 * us;
    t[Role::dispatch] = Nd * us, t[Role::combine] = Nc * us;
    return t;
}

double sum(const RoleTimes& t, std::initializer_list<Role> roles) {
    Seconds all;
    for (const Role role : roles) all += t[role];
    return all.in(us);
}

/// P = 2 * [max(Nd, ds + S + A0 + dr) + MLP + max(Nc, cs + A1 + cr)]
double hook_period(const RoleTimes& t) {
    const Seconds window_d =
        t[Role::dispatch_send] + t[Role::shared] + t[Role::attention_in] + t[Role::dispatch_recv];
    const Seconds window_c =
        t[Role::combine_send] + t[Role::attention_out] + t[Role::attention_reduce] + t[Role::combine_recv];
    return 2 *
           (std::max(t[Role::dispatch], window_d) + t[Role::experts] + std::max(t[Role::combine], window_c))
               .in(us);
}

/// max(2 (A + S + X), 2 (D + C), 2 C + A + X); D and C with their barriers.
double two_batch_period(const RoleTimes& t) {
    const double A = sum(t, {Role::attention_in, Role::attention_out, Role::attention_reduce}),
                 S = t[Role::shared].in(us);
    const double X = t[Role::experts].in(us);
    const double D = (t[Role::dispatch] + t[Role::dispatch_barrier]).in(us);
    const double C = (t[Role::combine] + t[Role::combine_barrier]).in(us);
    return std::max({2 * (A + S + X), 2 * (D + C), 2 * C + A + X});
}

/// Heaviest simple cycle per layer it advances, by trying them all: the exact period of a repeating plan.
class Cycles {
  public:
    explicit Cycles(const RoleTimes& t) {
        const double A = sum(t, {Role::attention_in, Role::attention_out, Role::attention_reduce}),
                     S = sum(t, {Role::shared});
        const double X = sum(t, {Role::experts}), D = sum(t, {Role::dispatch, Role::dispatch_barrier});
        const double C = sum(t, {Role::combine, Role::combine_barrier});
        time_          = {A, S, A, X, X, S, C, D, D, C};
    }

    double heaviest() {
        for (int first = 0; first < kNodes; ++first) follow(first, first, 0, 0, 0);
        return best_;
    }

  private:
    enum Node { A1, S0, A0, X1, X0, S1, C0, D1, D0, C1, kNodes };
    struct Edge {
        int from, to, layers;
    };
    static constexpr Edge kEdges[] = {{A1, S0, 0}, {S0, A0, 0}, {A0, X1, 0}, {X1, X0, 0},
                                      {X0, S1, 0}, {S1, A1, 1},                            // compute in order
                                      {C0, D1, 0}, {D1, D0, 0}, {D0, C1, 0}, {C1, C0, 1},  // comm in order
                                      {A1, D1, 0}, {A0, D0, 0}, {D1, X1, 0}, {D0, X0, 0},
                                      {X1, C1, 0}, {X0, C0, 1}, {C0, A0, 0}, {C1, A1, 1}};

    void follow(int first, int at, unsigned seen, double time, int layers) {
        if (at == first && seen) {
            best_ = std::max(best_, time / layers);
            return;
        }
        if (seen & 1u << at || at < first) return;
        for (const Edge& e : kEdges)
            if (e.from == at)
                follow(first, e.to, seen | 1u << at, time + time_[std::size_t(at)], layers + e.layers);
    }

    std::array<double, kNodes> time_{};
    double best_ = 0;
};

RoleTimes two_batch_times(double A, double S, double X, double D, double C) {
    RoleTimes t;
    t[Role::attention_in] = 0.25 * A * us, t[Role::attention_out] = 0.75 * A * us;
    t[Role::shared] = S * us, t[Role::experts] = X * us;
    t[Role::dispatch_barrier] = 0.2 * D * us, t[Role::dispatch] = 0.8 * D * us;
    t[Role::combine_barrier] = 0.1 * C * us, t[Role::combine] = 0.9 * C * us;
    return t;
}

RoleTimes random_times(std::mt19937_64& engine) {
    RoleTimes t;
    for (Seconds& one : t.time) one = double(1 + engine() % 400) * us;
    t[Role::wait_dispatch] = t[Role::wait_combine] = Seconds{};
    return t;
}

}  // namespace

TEST_CASE("hook plan: two networks longer than their windows are both exposed", "[sim][plan]") {
    // ds + S + A0 + dr = 14 + 26 + 80 + 16 = 136 < 190; cs + A1 + cr = 22 + 330 + 17 = 369 < 400:
    //   2 * (190 + 130 + 400) = 1,440
    CHECK(period(kHook, hook_times(190, 400)) == Approx(1440));
}

TEST_CASE("hook plan: a network inside its window costs nothing", "[sim][plan]") {
    // 2 * (136 + 130 + 369) = 1,270, whatever the network takes below 136 and 369.
    CHECK(period(kHook, hook_times(100, 200)) == Approx(1270));
    CHECK(period(kHook, hook_times(136, 369)) == Approx(1270));
}

TEST_CASE("hook plan: one window short, the other long", "[sim][plan]") {
    CHECK(period(kHook, hook_times(190, 200)) == Approx(2 * (190 + 130 + 369)));
    CHECK(period(kHook, hook_times(100, 400)) == Approx(2 * (136 + 130 + 400)));
}

TEST_CASE("hook plan: the period is its closed form for any times", "[sim][plan]") {
    std::mt19937_64 engine(7);
    for (int i = 0; i < 200; ++i) {
        const RoleTimes t = random_times(engine);
        INFO("draw " << i);
        REQUIRE(period(kHook, t) == Approx(hook_period(t)));
    }
}

TEST_CASE("two-batch plan: bound by compute, by communication, or by the chain through combine",
          "[sim][plan]") {
    // 2 (A + S + X) = 2 (50 + 10 + 40) = 200; 2 (D + C) = 2 (20 + 40) = 120; 2 C + A + X = 170
    CHECK(period(kTwoBatch, two_batch_times(50, 10, 40, 20, 40)) == Approx(200));
    // 200; 2 (60 + 70) = 260; 2 * 70 + 90 = 230
    CHECK(period(kTwoBatch, two_batch_times(50, 10, 40, 60, 70)) == Approx(260));
    // 200; 2 (10 + 90) = 200; 2 * 90 + 90 = 270
    CHECK(period(kTwoBatch, two_batch_times(50, 10, 40, 10, 90)) == Approx(270));
}

TEST_CASE("two-batch plan: DeepSeek's measured parts give its measured layer", "[sim][plan]") {
    // The published H800 prefill trace, per micro-batch in ms: attention with projections about 7.6,
    // experts 7.4, shared 0.8; dispatch with barrier 5.78, combine with barrier 9.63. The chain binds:
    //   2 * 9.63 + 7.6 + 7.4 = 34.26 against 34.635 measured (-1.1 %)
    CHECK(period(kTwoBatch, two_batch_times(7600, 800, 7400, 5780, 9630)) == Approx(34260));
}

TEST_CASE("two-batch plan: the closed form holds within a fiftieth of DeepSeek's parts", "[sim][plan]") {
    std::mt19937_64 engine(11);
    const auto near = [&](double time) { return time * (0.98 + 0.04 * double(engine() % 1000) / 999); };
    for (int i = 0; i < 200; ++i) {
        const RoleTimes t = two_batch_times(near(7600), near(800), near(7400), near(5780), near(9630));
        INFO("draw " << i);
        REQUIRE(period(kTwoBatch, t) == Approx(two_batch_period(t)));
    }
}

TEST_CASE("two-batch plan: for any times the period is the heaviest cycle of what waits for what",
          "[sim][plan]") {
    std::mt19937_64 engine(12);
    for (int i = 0; i < 200; ++i) {
        const RoleTimes t = random_times(engine);
        INFO("draw " << i);
        // Over two layers, for a cycle that passes through two.
        REQUIRE((makespan(kTwoBatch, t, 14) - makespan(kTwoBatch, t, 12)) / 2 ==
                Approx(Cycles(t).heaviest()));
    }
}

TEST_CASE("serial plans are sums", "[sim][plan]") {
    std::mt19937_64 engine(13);
    for (int i = 0; i < 50; ++i) {
        const RoleTimes t    = random_times(engine);
        const double compute = sum(t, {Role::attention_in, Role::attention_out, Role::attention_reduce,
                                       Role::shared, Role::experts});
        const double kernels =
            sum(t, {Role::dispatch_barrier, Role::dispatch, Role::combine_barrier, Role::combine});
        // The receive kernel runs while the flight is still in the air: its end is the flight's, if that is
        // later.
        const double flights =
            std::max(t[Role::dispatch].in(us), sum(t, {Role::dispatch_send, Role::dispatch_recv})) +
            std::max(t[Role::combine].in(us), sum(t, {Role::combine_send, Role::combine_recv}));
        CHECK(makespan({Overlap::none, false, false}, t, 5) ==
              Approx(5 * (compute + t[Role::experts_reduce].in(us))));
        CHECK(makespan({Overlap::none, true, false}, t, 5) == Approx(5 * (compute + kernels)));
        CHECK(makespan({Overlap::none, true, true}, t, 5) == Approx(5 * (compute + flights)));
    }
}

TEST_CASE("shared experts behind the dispatch cost only what sticks out", "[sim][plan]") {
    RoleTimes t;
    t[Role::attention_in] = 10 * us, t[Role::attention_out] = 20 * us, t[Role::experts] = 30 * us;
    t[Role::dispatch] = 15 * us, t[Role::combine] = 25 * us, t[Role::shared] = 12 * us;
    const LayerPlan plan{Overlap::shared_expert, true, false};
    CHECK(period(plan, t) == Approx(10 + 20 + 15 + 30 + 25));
    t[Role::shared] = 22 * us;
    CHECK(period(plan, t) == Approx(10 + 20 + 22 + 30 + 25));
}

TEST_CASE("a serial layer never is shorter than the overlapped one of half the work twice", "[sim][plan]") {
    std::mt19937_64 engine(17);
    for (int i = 0; i < 100; ++i) {
        const RoleTimes t = random_times(engine);
        CHECK(period(kTwoBatch, t) <= 2 * period({Overlap::none, true, false}, t) + 1e-6);
        CHECK(period(kHook, t) <= 2 * period({Overlap::none, true, true}, t) + 1e-6);
    }
}

TEST_CASE("every plan is steady within six layers", "[sim][plan]") {
    std::mt19937_64 engine(19);
    for (int i = 0; i < 100; ++i) {
        const RoleTimes t = random_times(engine);
        for (const LayerPlan& plan : {kHook, kTwoBatch, LayerPlan{Overlap::none, true, false},
                                      LayerPlan{Overlap::shared_expert, true, true}}) {
            INFO("draw " << i << ", overlap " << int(plan.overlap));
            const double late = makespan(plan, t, 6) - makespan(plan, t, 5);
            REQUIRE(late == Approx(period(plan, t, 30)));
        }
    }
}

TEST_CASE("a steady state extrapolates to the plan's own makespan", "[sim][plan]") {
    const RoleTimes t = two_batch_times(50, 10, 40, 10, 90);
    SteadyState steady;
    steady.layers = 6;
    steady.first  = makespan(kTwoBatch, t, 6) * us;
    steady.period = steady.first - makespan(kTwoBatch, t, 5) * us;
    for (const int n : {3, 6, 7, 58}) CHECK(steady.total(n).in(us) == Approx(makespan(kTwoBatch, t, n)));
    CHECK(steady.total(0) == Seconds{});
}

TEST_CASE("every layer of a plan has as many tasks", "[sim][plan]") {
    const RoleTimes t = hook_times(190, 400);
    for (const LayerPlan& what :
         {kHook, kTwoBatch, LayerPlan{Overlap::none, false, false}, LayerPlan{Overlap::none, true, true},
          LayerPlan{Overlap::shared_expert, true, false}}) {
        Plan one, five;
        plan_layers(what, t, 1, one);
        plan_layers(what, t, 5, five);
        CHECK(five.tasks.size() == 5 * one.tasks.size());
    }
}
