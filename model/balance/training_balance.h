/// How a router's load evens out, or does not, while a model is trained: auxiliary loss, bias update,
/// neither.
#pragma once

#include <cstdint>
#include <vector>

namespace isobath {

/// What pulls the load towards balance.
enum class Balancing {
    none,
    auxiliary_loss,  ///< Switch: alpha * E * sum_e f_e P_e over the batch, f the share of tokens, P of
                     ///< probability
    bias_update,     ///< DeepSeek-V3: a bias on selection alone, moved by gamma times the sign of the error
    sequence_loss,   ///< the auxiliary loss taken within each sequence: DeepSeek-V3's complement, alpha small
};

/// A model of a router in training, as simple as it can be and still show each mechanism.
///
/// Each token of a batch has the logits `affinity_e + topic + noise`: learned affinity, equal for all tokens;
/// a part shared by the tokens of its sequence (normal, `topic_sigma`); a part of its own (normal,
/// `token_sigma`). The gate is a sigmoid; selection takes the top_k of gate + bias. What is learned is the
/// affinities alone:
///   - task: pulls them to a fixed draw of normals with `task_sigma`, by task_pull * (affinity - task). It
///   stands
///     for all that makes some experts useful more often; that chosen experts get better and so more liked is
///     not modelled beyond it. Training begins at the task's own affinities, as if balancing came late.
///   - auxiliary or sequence loss: E times its gradient, the share of tokens taken as constant as in Switch.
///   E,
///     for each expert sees one token in E, and optimisers norm that away.
/// The bias moves outside the gradient: bias_e += gamma * sign(mean load - load_e) after each step.
///
/// So a steady state is arithmetic, not prophecy: the bias can undo any pull in time, an auxiliary loss
/// balances only as far as alpha beats the pull. What balancing does to the model's quality is not here at
/// all, and loads at a given alpha hang on task_pull, which nobody has published.
///
/// Sources: Fedus et al., "Switch Transformers", 2021, equations 4-6; Wang et al., "Auxiliary-loss-free load
/// balancing", 2024; DeepSeek-V3 report, 2.1.2 (gamma 0.001, sequence-wise alpha 0.0001).
struct TrainingSpec {
    int experts = 64, top_k = 6;
    int sequences = 16, tokens_per_sequence = 64;
    int steps              = 300;
    Balancing balancing    = Balancing::bias_update;
    double alpha           = 0;  ///< weight of the loss
    double gamma           = 0;  ///< speed of the bias; DeepSeek-V3: 0.001
    double capacity_factor = 0;  ///< an expert takes at most this times the mean load; 0 drops nothing
    double task_sigma      = 1;
    double task_pull       = 0.001;
    double topic_sigma     = 0.5;
    double token_sigma     = 1;
    double learning_rate   = 20;
};

/// One step. Loads are token-expert pairs.
struct TrainingStep {
    double max_violation      = 0;  ///< max / mean - 1 of the router's choice, before dropping (MaxVio)
    double max_load_kept      = 0;  ///< of the busiest expert after dropping, over the mean choice
    double dropped            = 0;  ///< share of pairs beyond capacity
    double sequence_violation = 0;  ///< max / mean - 1 within one sequence, averaged over sequences
};

struct TrainingBalance {
    std::vector<TrainingStep> steps;
    std::vector<double> load;  ///< [experts] shares of the pairs of the last quarter of the steps, sum 1
    std::vector<double> affinity, bias;  ///< [experts] at the end
};

/// Throws SpecError naming what is out of range: counts (at most 1e9 logits in all), factors below 0.
TrainingBalance simulate_training_balance(const TrainingSpec& spec, std::uint64_t seed);

/// Mean of max_violation over the last quarter of the steps: luck of the batches included.
double settled_violation(const TrainingBalance& result);

/// max / mean - 1 of the load of the last quarter taken together: what is left is preference, not luck.
double lasting_violation(const TrainingBalance& result);

}  // namespace isobath
