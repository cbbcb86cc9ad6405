// One kernel: its work, the fitted form's parts, the time.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "model/measured_grid.h"
#include "sim/explain/kernel_basis.h"
#include "sim/explain/kernel_shape.h"
#include "sim/explain/kernel_words.h"
#include "sim/explain/study.h"

namespace isobath {
namespace {

void add_gpu(const Study& study, const KernelBasis& b, int sms, Explanation& e) {
    const Scenario& s = study.scenario();
    const GpuSpec& g  = s.cluster.gpu;
    const Math math   = g.supports(b.math) ? b.math : Math::bf16;
    const std::string key(name_of(math));
    if (b.flop > Flops{}) e.inputs.push_back(known("peak " + key, g.peak(math), gpu_source(s, key)));
    e.inputs.push_back(known("HBM bandwidth", g.hbm_bandwidth, gpu_source(s, "hbm_bandwidth")));
    e.inputs.push_back(known("SMs of the GPU", g.sm_count, "", gpu_source(s, "sm_count")));
    if (sms != g.sm_count) e.inputs.push_back(known("SMs in use", sms, "", "less what communication holds"));
}

template <class Constants>
std::string source_of(const Study& study, const KernelBasis& b, const Implementation<Constants>& i) {
    return fmt::format("calibration {}, {}, {} on {}: {}", study.scenario().calibration.name, b.family,
                       i.name, i.measured_on, i.source);
}

template <class Constants>
void add_fit(const Study& study, const Implementation<Constants>& i, const Estimate& estimate,
             Explanation& e) {
    const Residuals& r = i.residuals;
    e.inputs.push_back(known(
        "residual factor", r.factor, "",
        fmt::format("residuals of {} rows: median {:.1f} %, p90 {:.1f} %, worst {:.1f} %; eight of ten rows "
                    "lie within this factor",
                    r.rows, 100 * r.median, 100 * r.p90, 100 * r.worst)));
    const double factor = estimate.high / estimate.time;
    if (factor > r.factor * 1.0001)
        e.inputs.push_back(known(
            "carry-over factor", factor / r.factor, "",
            study.scenario().calibration.gpu == study.scenario().cluster.gpu.name
                ? "constants were fitted in another number format: best shares of BF16 peak of FlashInfer's "
                  "MLA decode on H800 and H20 differ so much"
                : "constants were fitted on another GPU: best shares of BF16 peak of FlashInfer's MLA decode "
                  "on H800 and H20 differ so much"));
}

void add_tiled(const Study& study, const KernelBasis& b, Explanation& e) {
    const GemmConstants& c = b.tiled->constants;
    const std::string from = source_of(study, b, *b.tiled);
    const bool pipelined   = c.pipeline.has_value();
    e.equation             = {
                    pipelined ? "t = launch + max(compute, memory) + shows * min(compute, memory)"
                              : "t = launch + sqrt(compute^2 + memory^2)",
        "compute = waves * (tile + ceil(k / 128) * (step + multiplications))",
        "multiplications = 2 * tile rows * tile width * 128 * SMs / (peak * share of peak)",
        "memory = bytes / (HBM bandwidth * share of bandwidth)",
        "In words: tiles go to the SMs in waves; multiplying and loading overlap, and hinder each other",
        "when they take equally long."};
    e.inputs.push_back(fitted("launch", c.launch, from));
    e.inputs.push_back(fitted("tile", c.tile, from));
    e.inputs.push_back(fitted("step", c.step, from));
    e.inputs.push_back(fitted("share of peak", c.compute, from));
    e.inputs.push_back(fitted("share of bandwidth", c.memory, from));
    e.inputs.push_back(known("widest tile", c.max_tile_n, "columns", from));
    const Tiling& t = *b.tiling;
    e.steps.push_back(
        known("row blocks", t.row_blocks, "", fmt::format("rows in blocks of {}", t.plan.rows)));
    e.steps.push_back(known("tile width", t.plan.width, "columns", "narrowest that keeps the fewest waves"));
    e.steps.push_back(known("tiles", t.row_blocks * t.plan.columns, "",
                            fmt::format("row blocks * {} columns of tiles", t.plan.columns)));
    e.steps.push_back(
        known("waves", t.waves, "", "tiles over SMs, rounded up; a mean where rows are random"));
    e.steps.push_back(known("one tile", t.tile, "tile + ceil(k / 128) * (step + multiplications)"));
}

/// What an overlapped form says, by how its parts hide each other.
std::vector<std::string> overlap_equation(const KernelBasis& b) {
    const std::string memory = "memory = bytes / (HBM bandwidth * share of bandwidth)";
    if (b.flop == Flops{})
        return {"t = launch + memory", memory, "In words: a kernel that only moves bytes."};
    const std::string compute = "compute = FLOP, padded, / (peak * share of peak * SMs in use / SMs)";
    if (b.hiding == Hiding::whole)
        return {"t = launch + max(compute, memory)", compute, memory,
                "In words: loading runs far ahead of computing, so the longer of the two alone shows."};
    return {"t = launch + sqrt(compute^2 + memory^2)", compute, memory,
            "In words: computing and loading overlap, and hinder each other when they take equally long."};
}

/// Latent attention whose cache is cut over the SMs.
void add_split(const SplitConstants& c, const std::string& from, Explanation& e) {
    e.equation = {"t = launch + sides + (compute^4 + loading^4)^(1/4)",
                  "compute = the busiest SM's tokens * FLOP per token / (peak * share of peak / SMs)",
                  "loading = cache / (HBM bandwidth * share of bandwidth)",
                  "sides = queries and outputs, and unfinished outputs, over their shares of the bandwidth",
                  "In words: caches are cut over the SMs; launch holds the joining of the parts, memory the",
                  "loading and the sides."};
    e.inputs.push_back(fitted("joining", c.combine, from));
    e.inputs.push_back(fitted("share for unfinished outputs", c.partials, from));
    e.inputs.push_back(fitted("share for queries and outputs", c.queries, from));
    if (c.schedule == KvSchedule::even) e.inputs.push_back(fitted("share of one SM", c.stream, from));
}

/// A prompt: a pass over the operands before the products.
void add_prompt(const PromptConstants& c, const std::string& from, Explanation& e) {
    e.equation = {"t = launch + compute + memory",
                  "compute = FLOP, padded, over what the SMs reach, and part of the longest tile",
                  "memory = operands / (HBM bandwidth * share of the pass)",
                  "In words: a pass over the operands, then the products; the last SM works longer."};
    e.inputs.push_back(fitted("share of the pass", c.pass, from));
    e.inputs.push_back(fitted("part of the longest tile", c.imbalance, from));
    e.inputs.push_back(fitted("slow-down of long prompts", c.slowdown, from));
}

void add_overlap(const Study& study, const KernelBasis& b, Explanation& e) {
    const OverlapConstants& c = b.overlap->constants;
    const std::string from    = source_of(study, b, *b.overlap);
    e.equation                = overlap_equation(b);
    e.inputs.push_back(fitted("launch", c.launch, from));
    if (b.flop > Flops{}) e.inputs.push_back(fitted("share of peak", c.compute, from));
    e.inputs.push_back(fitted("share of bandwidth", c.memory, from));
    if (c.query_tile > 1) e.inputs.push_back(known("query tile", c.query_tile, "rows", from));
    if (c.split) add_split(*c.split, from, e);
    if (c.prompt) add_prompt(*c.prompt, from, e);
}

bool from_points(const Estimate& estimate) {
    return estimate.source == Source::measured || estimate.source == Source::interpolated;
}

/// An implementation's points, and where it says that they come from.
struct KeptPoints {
    const MeasuredPoints* points = nullptr;
    std::string from;
};

KeptPoints points_of(const Study& study, const KernelBasis& b) {
    const auto& chosen     = study.scenario().implementations;
    const auto choice      = chosen.find(b.family);
    const std::string name = choice == chosen.end() ? "" : choice->second;
    KeptPoints out;
    each_family(study.scenario().calibration, [&](const char* key, const auto& family) {
        const auto* found = b.family == std::string_view(key) ? family.find(name) : nullptr;
        if (found && found->points) out = {&*found->points, source_of(study, b, *found)};
    });
    return out;
}

/// The calibration keeps measured points, and this shape is one of them or lies between some.
void add_points(const Study& study, const KernelBasis& b, const Op& op, const Estimate& estimate,
                Explanation& e) {
    const KeptPoints kept = points_of(study, b);
    const auto place      = grid_place(op);
    const auto time  = kept.points && place ? MeasuredGrid(kept.points->points).at(*place) : std::nullopt;
    const bool exact = estimate.source == Source::measured;
    e.equation       = {exact ? "t = the measured time of this shape"
                              : "log t = linear in the logarithms of the sizes between measured neighbours",
                  "In words: the calibration keeps measured points, and they go before the fitted form."};
    e.inputs.push_back(
        known("point factor", estimate.high / estimate.time, "",
              exact ? "eight of ten points lie as near to what their neighbours say, but for those' noise"
                    : "eight of ten points lie as near to what their neighbours say"));
    e.steps.push_back(known("fitted form", b.form.time, "what the form would say instead"));
    if (time) e.steps.push_back(known("time", time->time, kept.from));
}

void add_fused(const Study& study, const KernelBasis& b, Explanation& e) {
    const MoeConstants& c  = b.fused->constants;
    const std::string from = source_of(study, b, *b.fused);
    e.equation             = {
                    "t = fixed + moved + sqrt(compute^2 + weights^2)",
                    "fixed = launch + experts * per expert + active experts * per active expert",
                    "compute = FLOP, padded, / (peak * share of peak * SMs in use / SMs)",
                    "weights = weights of active experts / (HBM bandwidth * share of bandwidth)",
                    "moved = (token bytes * group tokens * hidden + row bytes * m * (hidden + inter)) / (the same)",
                    "In words: products read the weights of every expert that was chosen; small kernels stand around "
                                "them."};
    e.inputs.push_back(fitted("launch", c.launch, from));
    e.inputs.push_back(fitted("per expert", c.per_expert, from));
    e.inputs.push_back(fitted("per active expert", c.per_active, from));
    e.inputs.push_back(fitted("share of bandwidth", c.memory, from));
    e.inputs.push_back(fitted("token bytes", c.token_bytes, from));
    e.inputs.push_back(fitted("row bytes", c.row_bytes, from));
    for (std::size_t i = 0; i < c.compute.size(); ++i)
        e.inputs.push_back(
            fitted(fmt::format("share of peak at {} rows", MoeConstants::kKnots[i]), c.compute[i], from));
    e.inputs.push_back(
        known("tile", c.tile, "rows", "an active expert fills one, and half a one on average"));
}

void add_fused_times(const KernelBasis& b, Explanation& e) {
    e.steps.push_back(known("fixed", b.form.launch, "launch, experts and active experts"));
    e.steps.push_back(known("compute", b.form.compute, "FLOP over what the SMs reach"));
    e.steps.push_back(known("memory", b.form.memory, "weights + moved"));
    e.steps.push_back(known("time", b.form.time, e.equation.front()));
}

void add_roofline(Explanation& e) {
    e.equation = {"t = max(compute, memory)", "compute = FLOP / (peak * SMs in use / SMs)",
                  "memory = bytes / HBM bandwidth",
                  "In words: no calibration covers this kernel: the roofline's time, and up to twice that."};
}

void add_times(const KernelBasis& b, Explanation& e) {
    const FormTime& f  = b.form;
    const bool fit     = b.tiled || b.overlap;
    const bool partial = b.tiled || (b.overlap && b.hiding == Hiding::partial);
    if (b.flop > Flops{})
        e.steps.push_back(
            known("compute", f.compute, b.tiling ? "waves * one tile" : "FLOP over what the SMs reach"));
    e.steps.push_back(known("memory", f.memory, "bytes over what the SMs draw"));
    if (fit) e.steps.push_back(known("launch", f.launch, "before the first and after the last"));
    const double c = f.compute.base(), m = f.memory.base();
    const bool cut = b.overlap && (b.overlap->constants.split || b.overlap->constants.prompt);
    const bool own = cut || (b.tiled && b.tiled->constants.pipeline);
    const Seconds both{partial ? std::sqrt(c * c + m * m) : std::max(c, m)};
    e.steps.push_back(known("time", own ? f.time : f.launch + both, e.equation.front()));
}

struct Found {
    const LayerOp* op    = nullptr;
    const OpCost* cost   = nullptr;
    const char* of_draft = nullptr;  ///< which pass of a draft runs it on rows of its own; null: the step
};

/// The kernel among `ops` whose name, behind `before`, is `name`.
bool find_in(const OpList& ops, const std::vector<OpCost>& costs, const char* before, const std::string& name,
             Found& out) {
    for (std::size_t i = 0; i < ops.size(); ++i)
        if (before + std::string(ops[i].name) == name) {
            out = {&ops[i], &costs[i], *before ? before : nullptr};
            return true;
        }
    return false;
}

Found find_kernel(const StepWorkspace& w, const std::string& name) {
    Found out;
    if (find_in(w.ops, w.costs, "", name, out) || find_in(w.draft_ops, w.draft_costs, kFirstDraft, name, out))
        return out;
    for (std::size_t room = 0; room < w.passes.size(); ++room)
        if (find_in(w.passes[room].ops, w.passes[room].costs, room == 0 ? kLaterDraft : kFirstDraft, name,
                    out))
            break;
    return out;
}

}  // namespace

Explanation explain_kernel(const Study& study, const std::string& name) {
    const Found found       = find_kernel(study.result.work, name);
    const LayerOp& op       = *found.op;
    const OpCost& cost      = *found.cost;
    const KernelWords* text = words_of(op.name);
    const Scenario& s       = study.scenario();
    const int sms           = study.model.compute_sms();
    const KernelBasis b     = basis_of(op.op, s.cluster.gpu, s.calibration, s.implementations, sms);
    Explanation e{
        .op    = name,
        .title = text ? text->title : "a kernel of the " + std::string(name_of(op.stage)) + " stage"};
    if (found.of_draft)
        e.title += found.of_draft == kLaterDraft ? ", in drafts after the first" : ", in the first draft";
    else
        add_tokens(study, e);
    if (!found.of_draft && (op.stage == Stage::gate || op.stage == Stage::experts)) add_routing(study, e);
    add_shape(op, study, e);
    add_gpu(study, b, sms, e);
    add_work(op.op, b.flop, e);
    const bool points = from_points(cost.estimate);
    if (points)
        add_points(study, b, op.op, cost.estimate, e);
    else if (b.tiled)
        add_tiled(study, b, e), add_fit(study, *b.tiled, cost.estimate, e);
    else if (b.overlap)
        add_overlap(study, b, e), add_fit(study, *b.overlap, cost.estimate, e);
    else if (b.fused)
        add_fused(study, b, e), add_fit(study, *b.fused, cost.estimate, e);
    else
        add_roofline(e);
    if (!points) b.fused ? add_fused_times(b, e) : add_times(b, e);
    e.result = known("time", cost.estimate, "");
    for (const OpRow& row : study.result.ops)
        if (row.name == name) e.runs += row.count;
    e.source = name_of(cost.estimate.source);
    e.bound  = name_of(cost.bound);
    return e;
}

}  // namespace isobath
