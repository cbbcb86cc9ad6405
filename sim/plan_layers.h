/// Plans of repeating layers: which stage runs when, on which stream, while tokens travel.
///
/// A plan is made of whole stages; their kernels are expanded only when a trace is asked for. Sources:
/// DeepSeek's published traces (the two-batch orders) and SGLang's operation lists, which agree.
#pragma once

#include <array>
#include <cstdint>

#include "sim/plan.h"
#include "sim/scenario.h"

namespace isobath {

/// What a task of a layer plan is; a Task's tag.
enum class Role : std::uint8_t {
    attention_in,
    attention_out,
    shared,
    experts,
    dense_ffn,
    dispatch_send,
    dispatch_recv,
    wait_dispatch,  ///< takes no time itself: the compute stream stands until tokens have arrived
    combine_send,
    combine_recv,
    wait_combine,
    dispatch,  ///< moving data: kernels on their own SMs, or bytes in flight
    combine,
    dispatch_barrier,
    combine_barrier,
    attention_reduce,  ///< all-reduce after attention (tensor parallel)
    experts_reduce
};
inline constexpr int kRoleCount = 17;
std::string_view name_of(Role);

/// Time of each role for one micro-batch of one layer, nothing else running.
struct RoleTimes {
    std::array<Seconds, kRoleCount> time{};

    Seconds& operator[](Role role) { return time[static_cast<std::size_t>(role)]; }
    Seconds operator[](Role role) const { return time[static_cast<std::size_t>(role)]; }
};

struct LayerPlan {
    Overlap overlap = Overlap::none;
    bool exchange   = false;  ///< tokens travel; otherwise every rank computes its share and all-reduces
    bool hook       = false;  ///< low-latency kernels: bytes travel without SMs between send and receive
};

/// Micro-batches that the plan interleaves.
constexpr int micro_batches(Overlap overlap) {
    return overlap == Overlap::two_batch || overlap == Overlap::two_batch_hook ? 2 : 1;
}

/// Fills a plan layer by layer, each adding the same number of tasks.
class LayerPlanner {
  public:
    /// Empties `plan`. All three must outlive the planner.
    LayerPlanner(const LayerPlan& what, const RoleTimes& times, Plan& plan);

    void add_layer();

  private:
    TaskId add(Role role, int mb, Lane lane, std::initializer_list<TaskId> before = {});
    TaskId compute(Role role, int mb, std::initializer_list<TaskId> before = {});
    TaskId attend(int mb);
    TaskId kernel(Role barrier, Role core, int mb, TaskId after);
    TaskId send(Role flight, Role kernel_role, int mb);
    void receive(Role kernel_role, Role wait, int mb, TaskId flight);
    void hook_half(int x, int y);
    void hook_layer();
    void two_batch_layer();
    void serial_layer();
    void serial_low_latency();
    void serial_normal();

    const LayerPlan& what_;
    const RoleTimes& times_;
    Plan& plan_;
    TaskId last_, experts0_, combined0_, combined1_;  ///< what ties layers together
};

/// Refills `plan` with `layers` consecutive layers.
void plan_layers(const LayerPlan& what, const RoleTimes& times, int layers, Plan& plan);

/// Layers until the period is steady: two that agree, at most six.
struct SteadyState {
    Seconds period;  ///< one more layer
    Seconds first;   ///< makespan of `layers` layers, filling and draining included
    int layers          = 0;
    int tasks_per_layer = 0;

    /// `n` layers in a row.
    Seconds total(int n) const { return n <= 0 ? Seconds{} : first + double(n - layers) * period; }
};

}  // namespace isobath
