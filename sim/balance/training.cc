// Training-time balance of the scenario's router.
#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "sim/balance/balance.h"

namespace isobath {
namespace {

struct Method {
    const char* name;
    Balancing balancing;
    double alpha, gamma;
};

constexpr Method kMethods[] = {{"none", Balancing::none, 0, 0},
                               {"aux", Balancing::auxiliary_loss, 0.01, 0},
                               {"bias", Balancing::bias_update, 0, 0.01},
                               {"sequence", Balancing::sequence_loss, 0.0001, 0}};

/// Sixteen pairs on the mean of 256 experts with top 8.
constexpr int kSequences = 8, kTokens = 64;

const Method& method_of(const std::string& name) {
    for (const Method& m : kMethods)
        if (name == m.name) return m;
    throw SpecError("--method " + clipped(name) + ": not known; allowed: none, aux, bias, sequence");
}

}  // namespace

TrainingReport train_router(const Scenario& s, const std::string& name, int steps, double capacity) {
    const Method& method = method_of(name);
    TrainingReport out{.method = name};
    out.spec   = {.experts             = s.model.moe->n_routed_experts,
                  .top_k               = s.model.moe->num_experts_per_tok,
                  .sequences           = kSequences,
                  .tokens_per_sequence = kTokens,
                  .steps               = steps,
                  .balancing           = method.balancing,
                  .alpha               = method.alpha,
                  .gamma               = method.gamma,
                  .capacity_factor     = capacity};
    out.result = simulate_training_balance(out.spec, s.seed);
    return out;
}

}  // namespace isobath
