#include "model/balance/training_balance.h"

#include <numeric>

#include "hw/spec_reader.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

TrainingSpec with(Balancing balancing, double alpha = 0, double gamma = 0) {
    return {.experts             = 32,
            .top_k               = 4,
            .sequences           = 8,
            .tokens_per_sequence = 64,
            .steps               = 200,
            .balancing           = balancing,
            .alpha               = alpha,
            .gamma               = gamma};
}

double settled(const TrainingSpec& spec) {
    return settled_violation(simulate_training_balance(spec, 1));
}

}  // namespace

TEST_CASE("training balance: the bias update drives MaxVio down, none leaves it", "[model][balance]") {
    const TrainingBalance none = simulate_training_balance(with(Balancing::none), 1);
    const TrainingBalance bias = simulate_training_balance(with(Balancing::bias_update, 0, 0.01), 1);
    CHECK(none.steps.front().max_violation == bias.steps.front().max_violation);
    CHECK(settled_violation(none) == Approx(none.steps.front().max_violation).epsilon(0.2));
    CHECK(settled_violation(none) > 1);
    // What is left of one batch is luck: topics of 8 sequences move an expert's load by about 60 % / sqrt(8),
    // 64 pairs by 1/8, together 0.25; the largest of 32 lies 2.07 deviations up, a skewed one higher: 0.5 to
    // 0.8. Over 50 batches that is a seventh.
    CHECK(settled_violation(bias) < 0.8);
    CHECK(lasting_violation(bias) < 0.12);
    CHECK(lasting_violation(none) == Approx(settled_violation(none)).epsilon(0.05));
}

TEST_CASE("training balance: a bias that never moves is no balancing", "[model][balance]") {
    const TrainingBalance still = simulate_training_balance(with(Balancing::bias_update, 0, 0), 3);
    const TrainingBalance none  = simulate_training_balance(with(Balancing::none), 3);
    CHECK(still.load == none.load);
    CHECK(settled_violation(still) == settled_violation(none));
}

TEST_CASE("training balance: a loss that weighs nothing is no balancing", "[model][balance]") {
    for (const Balancing b : {Balancing::auxiliary_loss, Balancing::sequence_loss})
        CHECK(simulate_training_balance(with(b, 0), 3).load ==
              simulate_training_balance(with(Balancing::none), 3).load);
}

TEST_CASE("training balance: a heavier auxiliary loss balances more and bends affinities more",
          "[model][balance]") {
    double before = settled(with(Balancing::none)), bent = 0;
    for (const double alpha : {0.0003, 0.002, 0.01}) {
        const TrainingBalance r = simulate_training_balance(with(Balancing::auxiliary_loss, alpha), 1);
        CHECK(settled_violation(r) < before);
        before                     = settled_violation(r);
        const TrainingBalance free = simulate_training_balance(with(Balancing::none), 1);
        double moved               = 0;
        for (std::size_t e = 0; e < free.affinity.size(); ++e)
            moved += std::abs(r.affinity[e] - free.affinity[e]);
        CHECK(moved > bent);
        bent = moved;
    }
}

TEST_CASE("training balance: the bias leaves affinities, and so gates, alone", "[model][balance]") {
    CHECK(simulate_training_balance(with(Balancing::bias_update, 0, 0.01), 1).affinity ==
          simulate_training_balance(with(Balancing::none), 1).affinity);
}

TEST_CASE(
    "training balance: DeepSeek-V3's sequence-wise weight hardly moves the batch, a hundredfold one does",
    "[model][balance]") {
    const double none = settled(with(Balancing::none));
    CHECK(settled(with(Balancing::sequence_loss, 0.0001)) == Approx(none).epsilon(0.15));
    CHECK(settled(with(Balancing::sequence_loss, 0.01)) < 0.4 * none);
}

TEST_CASE("training balance: dropping caps the load and loses what lies above", "[model][balance]") {
    TrainingSpec spec            = with(Balancing::none);
    spec.capacity_factor         = 1.25;
    const TrainingBalance capped = simulate_training_balance(spec, 1);
    const TrainingBalance open   = simulate_training_balance(with(Balancing::none), 1);
    for (std::size_t i = 0; i < capped.steps.size(); ++i) {
        CHECK(capped.steps[i].max_load_kept <= 1.25 + 1 / 64.);  // capacity is a whole number of 64 pairs
        CHECK(capped.steps[i].dropped > 0);
        CHECK(open.steps[i].dropped == 0);
        CHECK(open.steps[i].max_load_kept == Approx(1 + open.steps[i].max_violation));
        CHECK(capped.steps[i].max_violation == open.steps[i].max_violation);
    }
    spec.balancing = Balancing::bias_update, spec.gamma = 0.01;
    CHECK(simulate_training_balance(spec, 1).steps.back().dropped < capped.steps.back().dropped / 4);
}

TEST_CASE("training balance: a sequence is never better balanced than the batch it is part of, on average",
          "[model][balance]") {
    const TrainingBalance r = simulate_training_balance(with(Balancing::bias_update, 0, 0.01), 2);
    for (const TrainingStep& step : r.steps) CHECK(step.sequence_violation >= step.max_violation);
}

TEST_CASE("training balance: shares sum to one and the same seed gives the same bytes", "[model][balance]") {
    const TrainingBalance a = simulate_training_balance(with(Balancing::bias_update, 0, 0.01), 5);
    CHECK(std::accumulate(a.load.begin(), a.load.end(), 0.0) == Approx(1));
    CHECK(a.load == simulate_training_balance(with(Balancing::bias_update, 0, 0.01), 5).load);
    CHECK(a.load != simulate_training_balance(with(Balancing::bias_update, 0, 0.01), 6).load);
}

TEST_CASE("training balance: what cannot be trained is refused", "[model][balance]") {
    CHECK_THROWS_WITH(simulate_training_balance({.experts = 1}, 1), "1 experts; expected 2 to 4096");
    CHECK_THROWS_WITH(simulate_training_balance({.top_k = 65}, 1), "top_k 65; expected 1 to 64");
    CHECK_THROWS_AS(simulate_training_balance({.steps = 0}, 1), SpecError);
    CHECK_THROWS_AS(simulate_training_balance({.sequences = 2'000'000'000}, 1), SpecError);
    CHECK_THROWS_AS(simulate_training_balance({.gamma = -1}, 1), SpecError);
}
