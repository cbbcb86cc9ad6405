/// What must run, on what, and after what. A Plan has no clock; run() gives it one.
///
/// A plan knows nothing of models: tasks, streams, edges, durations. It is refilled for every
/// evaluation, so it allocates nothing once its vectors have grown.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "hw/index.h"
#include "hw/units.h"

namespace isobath {

using TaskId = Index<struct TaskTag>;

/// What a task holds while it runs, and so what it competes for.
enum class Lane : std::uint8_t {
    compute,  ///< SMs; tasks in order, slowed while communication kernels move data
    comm,     ///< communication kernels on SMs of their own; in order, slowed while compute is busy
    barrier,  ///< on the comm stream, in order, but waiting rather than moving data: no contention
    flight    ///< bytes in the network without any SM: starts as soon as it may, never queues
};

struct Task {
    const char* name         = "";  ///< static text: "experts"
    std::uint16_t tag        = 0;   ///< the planner's own: which stage this is
    std::uint8_t micro_batch = 0;
    Lane lane                = Lane::compute;
    Seconds time;
    std::uint32_t first_after = 0;
    std::uint32_t after_count = 0;
};

/// How much slower each side runs while the other is busy; 1 is no contention.
struct Contention {
    double comm_under_compute = 1, compute_under_comm = 1;
};

struct Plan {
    std::vector<Task> tasks;    ///< in launch order: a stream runs its own tasks in this order
    std::vector<TaskId> after;  ///< edges, sliced by each task
    Contention contention;

    void clear() {
        tasks.clear();
        after.clear();
    }

    /// Adds a task that starts after each valid id of `before`. Ids that name nothing are skipped.
    ///
    /// Throws std::logic_error if it would wait for a task that does not stand before it.
    TaskId add(const Task& task, std::initializer_list<TaskId> before = {}) {
        const auto id     = static_cast<std::int32_t>(tasks.size());
        Task& added       = tasks.emplace_back(task);
        added.first_after = static_cast<std::uint32_t>(after.size());
        for (const TaskId t : before) {
            if (!t) continue;
            if (t.value >= id) refuse(task);
            after.push_back(t);
        }
        added.after_count = static_cast<std::uint32_t>(after.size()) - added.first_after;
        return TaskId{id};
    }

    std::span<const TaskId> after_of(const Task& task) const {
        return {after.data() + task.first_after, task.after_count};
    }

  private:
    [[noreturn]] static void refuse(const Task& task);
};

}  // namespace isobath
