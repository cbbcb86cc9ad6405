#include "sim/timeline.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

namespace isobath {

void Plan::refuse(const Task& task) {
    throw std::logic_error(std::string("task \"") + task.name + "\" waits for a later one");
}

namespace {

const Seconds kNever{std::numeric_limits<double>::infinity()};

/// Streams: compute tasks queue behind compute, comm and barrier behind each other, flights behind nothing.
constexpr int stream_of(Lane lane) {
    return lane == Lane::compute ? 0 : lane == Lane::flight ? -1 : 1;
}

/// When everything that `task` waits for has ended.
Seconds ready_at(const Plan& plan, const Task& task, const Timeline& out) {
    Seconds ready;
    for (const TaskId before : plan.after_of(task))
        ready = std::max(ready, out.intervals[static_cast<std::size_t>(before.value)].end);
    return ready;
}

void extend_list(const Plan& plan, Timeline& out) {
    for (std::size_t i = out.intervals.size(); i < plan.tasks.size(); ++i) {
        const Task& task    = plan.tasks[i];
        const int stream    = stream_of(task.lane);
        const Seconds ready = ready_at(plan, task, out);
        const Seconds start =
            stream < 0 ? ready : std::max(out.free[static_cast<std::size_t>(stream)], ready);
        const Seconds end = start + task.time;
        if (stream >= 0) out.free[static_cast<std::size_t>(stream)] = end;
        out.makespan = std::max(out.makespan, end);
        out.intervals.push_back({start, end});
    }
}

/// The event loop with rates. A flight has no rate: its interval is known once what it waits for has ended.
class Contended {
  public:
    Contended(const Plan& plan, Timeline& out)
        : plan_(plan),
          out_(out),
          slow_{plan.contention.compute_under_comm, plan.contention.comm_under_compute} {
        out.intervals.assign(plan.tasks.size(), {kNever, kNever});
        for (std::size_t s = 0; s < 2; ++s) next(s, 0);
    }

    void run() {
        while (place_flights(), start_ready(), advance()) {
        }
        out_.makespan = std::max(now_, landed_);
    }

  private:
    struct Stream {
        std::size_t head = 0;  ///< the task that runs or is next
        bool busy        = false;
        Seconds left;  ///< of the running task, at full rate
    };

    bool has_head(const Stream& stream) const { return stream.head < plan_.tasks.size(); }

    void next(std::size_t s, std::size_t from) {
        while (from < plan_.tasks.size() && stream_of(plan_.tasks[from].lane) != int(s)) ++from;
        streams_[s].head = from;
    }

    void place_flights() {
        std::size_t waiting = plan_.tasks.size();
        for (std::size_t i = flight_; i < plan_.tasks.size(); ++i) {
            const Task& task = plan_.tasks[i];
            if (task.lane != Lane::flight || out_.intervals[i].start < kNever) continue;
            const Seconds start = ready_at(plan_, task, out_);
            if (start == kNever) {
                waiting = std::min(waiting, i);
                continue;
            }
            out_.intervals[i] = {start, start + task.time};
            landed_           = std::max(landed_, start + task.time);
        }
        flight_ = waiting;
    }

    void start_ready() {
        for (Stream& stream : streams_) {
            if (stream.busy || !has_head(stream)) continue;
            const Task& task = plan_.tasks[stream.head];
            if (ready_at(plan_, task, out_) > now_) continue;
            out_.intervals[stream.head].start = now_;
            stream.busy                       = true;
            stream.left                       = task.time;
        }
    }

    /// To the next completion, or to the landing that an idle stream waits for; false if there is none.
    bool advance() {
        const bool moving = streams_[1].busy && plan_.tasks[streams_[1].head].lane == Lane::comm;
        const bool slowed[2]{moving, moving && streams_[0].busy};
        Seconds until[2];
        for (std::size_t s = 0; s < 2; ++s) until[s] = until_event(streams_[s], slowed[s] ? slow_[s] : 1);
        const Seconds least = std::min(until[0], until[1]);
        if (least == kNever) return false;
        now_ += least;
        for (std::size_t s = 0; s < 2; ++s) {
            if (!streams_[s].busy) continue;
            if (until[s] > least)
                streams_[s].left -= slowed[s] ? least / slow_[s] : least;
            else
                end_task(s);
        }
        return true;
    }

    Seconds until_event(const Stream& stream, double slow) const {
        if (stream.busy) return stream.left * slow;
        return has_head(stream) ? ready_at(plan_, plan_.tasks[stream.head], out_) - now_ : kNever;
    }

    void end_task(std::size_t s) {
        out_.intervals[streams_[s].head].end = now_;
        streams_[s].busy                     = false;
        next(s, streams_[s].head + 1);
    }

    const Plan& plan_;
    Timeline& out_;
    std::array<double, 2> slow_;  ///< of each stream beside the other
    Seconds now_, landed_;
    std::array<Stream, 2> streams_;
    std::size_t flight_ = 0;  ///< none before it is still to be placed
};

/// Only communication kernels contend.
bool contends(const Plan& plan) {
    if (plan.contention.comm_under_compute == 1 && plan.contention.compute_under_comm == 1) return false;
    return std::any_of(plan.tasks.begin(), plan.tasks.end(),
                       [](const Task& t) { return t.lane == Lane::comm; });
}

}  // namespace

void run(const Plan& plan, Timeline& out) {
    out.clear();
    extend(plan, out);
}

void extend(const Plan& plan, Timeline& out) {
    if (contends(plan))
        Contended(plan, out).run();
    else
        extend_list(plan, out);
}

}  // namespace isobath
