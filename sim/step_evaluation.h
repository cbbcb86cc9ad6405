/// Evaluates one step: a class only so that its parts need not pass the same four things around.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/step.h"

namespace isobath {

constexpr std::size_t at(Family f) {
    return static_cast<std::size_t>(f);
}
constexpr std::size_t at(Stage s) {
    return static_cast<std::size_t>(s);
}
constexpr std::size_t at(LayerPart p) {
    return static_cast<std::size_t>(p);
}
constexpr std::size_t at(Source s) {
    return static_cast<std::size_t>(s);
}

inline Seconds bent(const Estimate& e, std::int8_t bend) {
    return bend == 0 ? e.time : bend < 0 ? e.low : e.high;
}

template <class T>
T bent(const Figure<T>& f, std::int8_t bend) {
    return bend == 0 ? f.value : bend < 0 ? f.low : f.high;
}

class Evaluation {
  public:
    Evaluation(const StepModel& model, StepWorkspace& work, const Bend& bend)
        : m_(model), s_(model.scenario()), w_(work), bend_(bend), sms_(model.compute_sms()) {}

    StepTimes run(const StepInput& input);

    /// One pass of a drafting block on `rows` per request: its layer, the join before it and the head behind.
    Seconds pass(const StepInput& input, double rows, double head_rows);

  private:
    // What runs, and how long alone.
    LayerContext context() const;
    void list_ops();
    KernelCost cost_of(const Op& op) const;
    void cost_ops();
    Seconds stage(Stage s) const { return w_.stages[at(s)].time; }
    Seconds gap() const { return bent(s_.engine.launch_gap, bend_[at(Family::in_situ)]); }

    // Experts that are not alike.
    void crowd();
    Seconds lag_of(double excess) const;

    // A layer, its kernels and its network on a timeline.
    Seconds reduce(double tokens, int ranks) const;
    void share_streams(RoleTimes& r) const;
    void set_roles();
    void set_barriers();
    void find_steady_state();
    Contention contention() const;
    void moe_layers(StepTimes& out);
    void dense_layer(StepTimes& out);

    // Drafting.
    void list_pass_ops(double head_rows);
    Seconds draft_heads();
    Seconds pass_in(std::size_t room, const StepInput& input, double rows, double head_rows);
    Seconds model_pass(std::size_t room, const StepInput& input, double rows);
    void draft(const StepInput& input, StepTimes& out);

    // The whole model.
    Seconds swiglu() const;
    Seconds all_layers(const StepTimes& out) const;
    void add_up(StepTimes& out);

    const StepModel& m_;
    const Scenario& s_;
    StepWorkspace& w_;
    const Bend& bend_;
    int sms_;
    Shard shard_;
    Seconds lag_;  ///< of the busiest rank's experts, beyond the mean rank's
};

}  // namespace isobath
