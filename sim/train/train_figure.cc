// Pictures of a training run: the pipeline's schedule, and one layer's two streams.
#include <algorithm>

#include <fmt/format.h>

#include "sim/train/train.h"

namespace isobath {
namespace {

/// Chunks from either end that are drawn of a long step, counted in pairs.
constexpr double kShownPairs = 28;

const std::vector<std::string> kChunks{"forward", "overlapped forward and backward", "backward",
                                       "backward for input", "backward for weights"};

std::size_t colour_of(Chunk c) {
    switch (c) {
        case Chunk::forward: return 0;
        case Chunk::pair: return 1;
        case Chunk::backward: return 2;
        case Chunk::input: return 3;
        case Chunk::weight: break;
    }
    return 4;
}

std::string label_of(const PipelineSlot& s) {
    return s.chunk == Chunk::pair ? fmt::format("{} {}", s.batch, s.other_batch) : std::to_string(s.batch);
}

std::string tooltip_of(const SlotInterval& i) {
    const std::string what =
        i.slot.chunk == Chunk::pair
            ? fmt::format("forward of micro-batch {} on stage {}, backward of {} on stage {}", i.slot.batch,
                          i.slot.stage, i.slot.other_batch, i.slot.other_stage)
            : fmt::format("{} of micro-batch {} on stage {}", kChunks[colour_of(i.slot.chunk)], i.slot.batch,
                          i.slot.stage);
    return fmt::format("rank {}: {}, {:.1f} ms", i.rank, what, (i.end - i.start).in(unit::ms));
}

}  // namespace

plot::Figure schedule_figure(const TrainResult& r) {
    std::vector<SlotInterval> slots;
    const Pipeline pipeline = plan_pipeline(r.layout.schedule, r.layout.pp, r.step.batches);
    const PipelineRun ran   = run(pipeline, r.step.costs, &slots);
    const ChunkTimes& one   = r.step.costs.stages[r.step.costs.stages.size() / 2];
    const Seconds shown     = std::min(ran.makespan, kShownPairs * (one.forward + one.backward));
    plot::Gantt gantt;
    gantt.categories = kChunks;
    for (int i = 0; i < r.layout.pp; ++i) gantt.rows.push_back(fmt::format("rank {}", i));
    for (const SlotInterval& s : slots)
        if (s.start < shown)
            gantt.intervals.push_back({std::size_t(s.rank), colour_of(s.slot.chunk), s.start.base(),
                                       std::min(s.end, shown).base(), label_of(s.slot), tooltip_of(s)});
    const std::string part = shown < ran.makespan ? fmt::format(", its first {:.1f} s", shown.base()) : "";
    return {
        .title = fmt::format("{}: one step under {}{}", r.scenario.name, name_of(r.layout.schedule), part),
        .subtitle =
            fmt::format("{} micro-batches, {:.2f} s, of which a rank idles {:.2f} s on average; numbers "
                        "are micro-batches",
                        r.step.batches, r.step.time.base(), r.step.mean.bubble.base()),
        .x     = {.label = "Time", .unit = "s", .low = 0, .high = shown.base()},
        .y     = {},
        .marks = {gantt}};
}

plot::Figure layer_figure(const TrainResult& r, const DataFiles& data) {
    const TrainModel model(r.scenario, data, r.sample);
    const LayerCosts costs = model.costs(r.layout);
    PairPlanner planner(model, costs, r.layout.recompute);
    const StageParts four{0, 4, 0, 0, false};
    planner.run(four, four);
    plot::Gantt gantt;
    gantt.rows       = {"compute", "communication"};
    gantt.categories = {"forward", "backward for input", "backward for weights", "exchange", "barrier"};
    for (std::size_t i = 0; i < planner.plan().tasks.size(); ++i) {
        const Task& task       = planner.plan().tasks[i];
        const ChunkRole role   = static_cast<ChunkRole>(task.tag);
        const Interval& at     = planner.timeline().intervals[i];
        const bool weights     = role == ChunkRole::ffn_weight || role == ChunkRole::attention_weight;
        const bool forward     = role == ChunkRole::attention_forward || role == ChunkRole::ffn_forward;
        const std::size_t kind = task.lane == Lane::barrier ? 4
                                 : task.lane == Lane::comm  ? 3
                                 : weights                  ? 2
                                 : forward                  ? 0
                                                            : 1;
        gantt.intervals.push_back(
            {task.lane == Lane::compute ? 0u : 1u, kind, at.start.base(), at.end.base(), task.name,
             fmt::format("{}: {:.2f} ms", task.name, (at.end - at.start).in(unit::ms))});
    }
    return {.title = "Four layers of experts, forward beside backward",
            .subtitle =
                fmt::format("{:.2f} ms a layer; {} SMs compute, {} communicate", r.layer.span.in(unit::ms),
                            r.scenario.cluster.gpu.sm_count - model.comm_sms(), model.comm_sms()),
            .x     = {.label = "Time", .unit = "s", .low = 0, .high = planner.timeline().makespan.base()},
            .y     = {},
            .marks = {gantt}};
}

}  // namespace isobath
