#include "sim/timeline.h"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <string>

namespace isobath {

TaskId Plan::add(const Task& task, std::initializer_list<TaskId> before) {
    const auto id = static_cast<std::int32_t>(tasks.size());
    tasks.push_back(task);
    tasks.back().first_after = static_cast<std::uint32_t>(after.size());
    for (const TaskId t : before) {
        if (!t) continue;
        if (t.value >= id) throw std::logic_error(std::string("task \"") + task.name + "\" waits for a later one");
        after.push_back(t);
    }
    tasks.back().after_count = static_cast<std::uint32_t>(after.size()) - tasks.back().first_after;
    return TaskId{id};
}

Seconds Timeline::makespan() const {
    Seconds end;
    for (const Interval& i : intervals) end = std::max(end, i.end);
    return end;
}

namespace {

/// Streams: compute tasks queue behind compute, comm and barrier behind each other, flights behind nothing.
constexpr int queue_of(Lane lane) {
    return lane == Lane::compute ? 0 : lane == Lane::flight ? -1 : 1;
}

void run_list(const Plan& plan, Timeline& out) {
    std::array<Seconds, 2> free{};
    for (const Task& task : plan.tasks) {
        const int queue = queue_of(task.lane);
        Seconds start   = queue < 0 ? Seconds{} : free[static_cast<std::size_t>(queue)];
        for (const TaskId before : plan.after_of(task))
            start = std::max(start, out.intervals[static_cast<std::size_t>(before.value)].end);
        const Seconds end = start + task.time;
        if (queue >= 0) free[static_cast<std::size_t>(queue)] = end;
        out.intervals.push_back({start, end});
    }
}

const Seconds kNever{std::numeric_limits<double>::infinity()};

/// The event loop with rates; holds no storage of its own.
class Engine {
  public:
    Engine(const Plan& plan, Timeline& out) : plan_(plan), out_(out) {
        const std::size_t n = plan.tasks.size();
        out.intervals.assign(n, {kNever, kNever});
        out.remaining.resize(n);
        out.running.clear();
        out.waiting_flights.clear();
        for (std::size_t i = 0; i < n; ++i) {
            out.remaining[i] = plan.tasks[i].time;
            if (plan.tasks[i].lane == Lane::flight) out.waiting_flights.push_back(static_cast<std::uint32_t>(i));
        }
        for (int q = 0; q < 2; ++q) next(q, 0);
    }

    void run() {
        start_ready();
        while (!out_.running.empty()) {
            step();
            start_ready();
        }
    }

  private:
    bool ready(std::size_t i) const {
        const auto before = plan_.after_of(plan_.tasks[i]);
        return std::all_of(before.begin(), before.end(), [&](TaskId t) {
            return out_.intervals[static_cast<std::size_t>(t.value)].end <= now_;
        });
    }

    void next(int queue, std::size_t from) {
        while (from < plan_.tasks.size() && queue_of(plan_.tasks[from].lane) != queue) ++from;
        head_[static_cast<std::size_t>(queue)] = from;
    }

    void start(std::size_t i) {
        out_.intervals[i].start = now_;
        out_.running.push_back(static_cast<std::uint32_t>(i));
    }

    void start_ready() {
        for (std::size_t q = 0; q < 2; ++q) {
            if (busy_[q] || head_[q] >= plan_.tasks.size() || !ready(head_[q])) continue;
            start(head_[q]);
            busy_[q] = true;
        }
        auto& waiting = out_.waiting_flights;
        for (std::size_t w = 0; w < waiting.size();) {
            if (!ready(waiting[w])) {
                ++w;
                continue;
            }
            start(waiting[w]);
            waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(w));
        }
    }

    double rate(const Task& task) const {
        if (task.lane == Lane::comm && busy_[0]) return 1 / plan_.contention.comm_under_compute;
        if (task.lane == Lane::compute && moving_) return 1 / plan_.contention.compute_under_comm;
        return 1;
    }

    /// Advances to the next completion.
    void step() {
        moving_ = std::any_of(out_.running.begin(), out_.running.end(),
                              [&](std::uint32_t i) { return plan_.tasks[i].lane == Lane::comm; });
        Seconds least = kNever;
        for (const std::uint32_t i : out_.running) least = std::min(least, out_.remaining[i] / rate(plan_.tasks[i]));
        now_ += least;
        for (const std::uint32_t i : out_.running) {
            const double r    = rate(plan_.tasks[i]);
            const bool ends   = out_.remaining[i] / r <= least;
            out_.remaining[i] = ends ? Seconds{} : out_.remaining[i] - least * r;
            if (ends) out_.intervals[i].end = now_;
        }
        auto ended = [&](std::uint32_t i) { return out_.intervals[i].end <= now_; };
        for (const std::uint32_t i : out_.running) {
            const int queue = queue_of(plan_.tasks[i].lane);
            if (!ended(i) || queue < 0) continue;
            busy_[static_cast<std::size_t>(queue)] = false;
            next(queue, i + 1);
        }
        out_.running.erase(std::remove_if(out_.running.begin(), out_.running.end(), ended), out_.running.end());
    }

    const Plan& plan_;
    Timeline& out_;
    Seconds now_;
    std::array<std::size_t, 2> head_{};
    std::array<bool, 2> busy_{};
    bool moving_ = false;
};

}  // namespace

void run(const Plan& plan, Timeline& out) {
    out.intervals.clear();
    const bool contended = plan.contention.comm_under_compute != 1 || plan.contention.compute_under_comm != 1;
    if (contended)
        Engine(plan, out).run();
    else
        run_list(plan, out);
}

}  // namespace isobath
