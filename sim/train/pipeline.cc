#include "sim/train/pipeline.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace isobath {
namespace {

const Seconds kNotYet{std::numeric_limits<double>::infinity()};

/// When each stage has done each micro-batch.
class Finished {
  public:
    Finished(int stages, int batches)
        : batches_(std::size_t(batches)), end_(std::size_t(stages) * batches_, kNotYet) {}

    Seconds& at(int stage, int batch) { return end_[std::size_t(stage) * batches_ + std::size_t(batch)]; }

  private:
    std::size_t batches_;
    std::vector<Seconds> end_;
};

class Runner {
  public:
    Runner(const Pipeline& pipeline, const PipelineCosts& costs, std::vector<SlotInterval>* intervals)
        : p_(pipeline),
          c_(costs),
          intervals_(intervals),
          forward_(p_.stages, p_.batches),
          gradient_(p_.stages, p_.batches),
          next_(p_.ranks.size()),
          free_(p_.ranks.size()) {
        out_.ranks.resize(p_.ranks.size());
    }

    PipelineRun run() {
        for (bool moved = true; moved;) {
            moved = false;
            for (std::size_t r = 0; r < p_.ranks.size(); ++r)
                while (next_[r] < p_.ranks[r].size() && start(r, p_.ranks[r][next_[r]])) moved = true;
        }
        for (std::size_t r = 0; r < p_.ranks.size(); ++r) {
            if (next_[r] < p_.ranks[r].size()) throw std::logic_error("a pipeline waits for itself");
            out_.makespan = std::max(out_.makespan, free_[r]);
        }
        for (RankTimes& r : out_.ranks) r.bubble = out_.makespan - r.forward - r.backward - r.weight - r.pair;
        return std::move(out_);
    }

  private:
    Seconds forward_ready(int stage, int batch) {
        return stage == 0 ? Seconds{} : forward_.at(stage - 1, batch) + c_.send;
    }
    Seconds backward_ready(int stage, int batch) {
        const Seconds own = forward_.at(stage, batch);
        return stage + 1 == p_.stages ? own : std::max(own, gradient_.at(stage + 1, batch) + c_.send);
    }

    Seconds ready(const PipelineSlot& s) {
        switch (s.chunk) {
            case Chunk::forward: return forward_ready(s.stage, s.batch);
            case Chunk::backward:
            case Chunk::input: return backward_ready(s.stage, s.batch);
            case Chunk::weight: return gradient_.at(s.stage, s.batch);
            case Chunk::pair: break;
        }
        return std::max(forward_ready(s.stage, s.batch), backward_ready(s.other_stage, s.other_batch));
    }

    Seconds take(std::size_t rank, const PipelineSlot& s) {
        RankTimes& r        = out_.ranks[rank];
        const ChunkTimes& t = c_.stages[std::size_t(s.stage)];
        const auto spend    = [](Seconds& on, Seconds time) { return on += time, time; };
        switch (s.chunk) {
            case Chunk::forward: return spend(r.forward, t.forward);
            case Chunk::backward: return spend(r.backward, t.backward);
            case Chunk::input: return spend(r.backward, t.input);
            case Chunk::weight: return spend(r.weight, t.weight);
            case Chunk::pair: break;
        }
        return spend(r.pair, c_.pair(s.stage, s.other_stage));
    }

    void finish(const PipelineSlot& s, Seconds end) {
        if (s.chunk == Chunk::forward || s.chunk == Chunk::pair) forward_.at(s.stage, s.batch) = end;
        if (s.chunk == Chunk::backward || s.chunk == Chunk::input) gradient_.at(s.stage, s.batch) = end;
        if (s.chunk == Chunk::pair) gradient_.at(s.other_stage, s.other_batch) = end;
    }

    bool start(std::size_t rank, const PipelineSlot& s) {
        const Seconds from = ready(s);
        if (from == kNotYet) return false;
        const Seconds start = std::max(free_[rank], from), end = start + take(rank, s);
        finish(s, end);
        free_[rank] = end;
        ++next_[rank];
        if (intervals_) intervals_->push_back({int(rank), s, start, end});
        return true;
    }

    const Pipeline& p_;
    const PipelineCosts& c_;
    std::vector<SlotInterval>* intervals_;
    Finished forward_, gradient_;
    std::vector<std::size_t> next_;
    std::vector<Seconds> free_;
    PipelineRun out_;
};

}  // namespace

Seconds PipelineCosts::pair(int forward, int backward) const {
    if (pairs.empty()) return stages[std::size_t(forward)].forward + stages[std::size_t(backward)].backward;
    return pairs[std::size_t(forward) * stages.size() + std::size_t(backward)];
}

RankTimes PipelineRun::mean() const {
    RankTimes sum;
    for (const RankTimes& r : ranks) {
        sum.forward += r.forward;
        sum.backward += r.backward;
        sum.weight += r.weight;
        sum.pair += r.pair;
        sum.bubble += r.bubble;
    }
    const double n = double(ranks.size());
    return {sum.forward / n, sum.backward / n, sum.weight / n, sum.pair / n, sum.bubble / n};
}

PipelineRun run(const Pipeline& pipeline, const PipelineCosts& costs, std::vector<SlotInterval>* intervals) {
    return Runner(pipeline, costs, intervals).run();
}

Seconds bubble(Schedule schedule, int ranks, const ChunkTimes& c, Seconds pair) {
    switch (schedule) {
        case Schedule::one_f_one_b: return double(ranks - 1) * (c.forward + c.backward);
        case Schedule::zb1p: return double(ranks - 1) * (c.forward + c.backward - 2 * c.weight);
        case Schedule::dualpipe: break;
    }
    return (ranks / 2.0 - 1) * (pair + c.backward - 3 * c.weight);
}

int kept_batches(Schedule schedule, int ranks) {
    return schedule == Schedule::dualpipe ? ranks + 1 : ranks;
}

int parameter_copies(Schedule schedule) {
    return schedule == Schedule::dualpipe ? 2 : 1;
}

std::string_view name_of(Schedule schedule) {
    constexpr std::string_view names[] = {"1f1b", "zb1p", "dualpipe"};
    return names[static_cast<std::size_t>(schedule)];
}

}  // namespace isobath
