#include "sim/plan_layers.h"

#include <string_view>

namespace isobath {
LayerPlanner::LayerPlanner(const LayerPlan& what, const RoleTimes& times, Plan& plan)
    : what_(what), times_(times), plan_(plan) {
    plan.clear();
}

void LayerPlanner::add_layer() {
    if (what_.overlap == Overlap::two_batch_hook)
        hook_layer();
    else if (what_.overlap == Overlap::two_batch)
        two_batch_layer();
    else
        serial_layer();
}

TaskId LayerPlanner::add(Role role, int mb, Lane lane, std::initializer_list<TaskId> before) {
    const Task task{name_of(role).data(), static_cast<std::uint16_t>(role), static_cast<std::uint8_t>(mb),
                    lane, times_[role]};
    const TaskId id = plan_.add(task, before);
    if (lane == Lane::compute) last_ = id;
    return id;
}

TaskId LayerPlanner::compute(Role role, int mb, std::initializer_list<TaskId> before) {
    return add(role, mb, Lane::compute, before);
}

/// The core to the gate; ranks that split the heads then sum their outputs.
TaskId LayerPlanner::attend(int mb) {
    const TaskId attended = compute(Role::attention_out, mb);
    return times_[Role::attention_reduce] > Seconds{} ? compute(Role::attention_reduce, mb) : attended;
}

/// A normal kernel: ranks meet at the barrier, then data moves on the comm stream's own SMs.
TaskId LayerPlanner::kernel(Role barrier, Role core, int mb, TaskId after) {
    add(barrier, mb, Lane::barrier, {after});
    return add(core, mb, Lane::comm, {});
}

/// A low-latency exchange: the flight starts with the send kernel, that is when what precedes it has ended.
TaskId LayerPlanner::send(Role flight, Role kernel_role, int mb) {
    const TaskId flying = add(flight, mb, Lane::flight, {last_});
    compute(kernel_role, mb);
    return flying;
}

/// The receive kernel has its own time and ends no sooner than the flight.
void LayerPlanner::receive(Role kernel_role, Role wait, int mb, TaskId flight) {
    compute(kernel_role, mb);
    compute(wait, mb, {flight});
}

/// Half a period of the decode plan: micro-batch x through its experts while y attends. Receiving a
/// combine comes before the next dispatch is sent: DeepSeek's figure and SGLang's operation order.
void LayerPlanner::hook_half(int x, int y) {
    const TaskId dispatch = send(Role::dispatch, Role::dispatch_send, x);
    compute(Role::shared, x);
    compute(Role::attention_in, y);
    receive(Role::dispatch_recv, Role::wait_dispatch, x, dispatch);
    compute(Role::experts, x);
    const TaskId combine = send(Role::combine, Role::combine_send, x);
    attend(y);
    receive(Role::combine_recv, Role::wait_combine, x, combine);
}

void LayerPlanner::hook_layer() {
    hook_half(0, 1);
    hook_half(1, 0);
}

/// The prefill plan:
///   compute  ATTN(1) | SHARED(0) | ATTN(0) | MLP(1) | MLP(0) | SHARED(1)
///   comm     COMBINE(0) | DISPATCH(1) | DISPATCH(0) | COMBINE(1)
void LayerPlanner::two_batch_layer() {
    const TaskId combined0 = kernel(Role::combine_barrier, Role::combine, 0, experts0_);
    compute(Role::attention_in, 1, {combined1_});
    const TaskId attended1   = attend(1);
    const TaskId dispatched1 = kernel(Role::dispatch_barrier, Role::dispatch, 1, attended1);
    compute(Role::shared, 0);
    compute(Role::attention_in, 0, {combined0});
    const TaskId attended0   = attend(0);
    const TaskId dispatched0 = kernel(Role::dispatch_barrier, Role::dispatch, 0, attended0);
    const TaskId experts1    = compute(Role::experts, 1, {dispatched1});
    combined1_               = kernel(Role::combine_barrier, Role::combine, 1, experts1);
    experts0_                = compute(Role::experts, 0, {dispatched0});
    compute(Role::shared, 1);
}

/// One micro-batch. Shared experts run behind the dispatch if the plan overlaps them, else before it.
void LayerPlanner::serial_layer() {
    compute(Role::attention_in, 0, {combined0_});
    attend(0);
    if (!what_.exchange) {
        compute(Role::shared, 0);
        compute(Role::experts, 0);
        compute(Role::experts_reduce, 0);
        return;
    }
    if (what_.overlap == Overlap::none) compute(Role::shared, 0);
    what_.hook ? serial_low_latency() : serial_normal();
}

void LayerPlanner::serial_low_latency() {
    const bool overlap    = what_.overlap == Overlap::shared_expert;
    const TaskId dispatch = send(Role::dispatch, Role::dispatch_send, 0);
    if (overlap) compute(Role::shared, 0);
    receive(Role::dispatch_recv, Role::wait_dispatch, 0, dispatch);
    compute(Role::experts, 0);
    const TaskId combine = send(Role::combine, Role::combine_send, 0);
    receive(Role::combine_recv, Role::wait_combine, 0, combine);
}

void LayerPlanner::serial_normal() {
    const TaskId dispatch = kernel(Role::dispatch_barrier, Role::dispatch, 0, last_);
    if (what_.overlap == Overlap::shared_expert) compute(Role::shared, 0);
    compute(Role::wait_dispatch, 0, {dispatch});
    const TaskId experts = compute(Role::experts, 0);
    combined0_           = kernel(Role::combine_barrier, Role::combine, 0, experts);
    compute(Role::wait_combine, 0, {combined0_});
}

void plan_layers(const LayerPlan& what, const RoleTimes& times, int layers, Plan& plan) {
    LayerPlanner planner(what, times, plan);
    for (int i = 0; i < layers; ++i) planner.add_layer();
}

std::string_view name_of(Role role) {
    static constexpr std::string_view names[kRoleCount] = {"attention in",
                                                           "attention out",
                                                           "shared experts",
                                                           "experts",
                                                           "dense FFN",
                                                           "dispatch send",
                                                           "dispatch receive",
                                                           "wait dispatch",
                                                           "combine send",
                                                           "combine receive",
                                                           "wait combine",
                                                           "dispatch",
                                                           "combine",
                                                           "dispatch barrier",
                                                           "combine barrier",
                                                           "all-reduce after attention",
                                                           "all-reduce after experts"};
    return names[static_cast<std::size_t>(role)];
}

}  // namespace isobath
