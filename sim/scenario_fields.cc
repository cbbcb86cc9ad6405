#include "sim/scenario_fields.h"

#include <algorithm>

namespace isobath {
namespace {

constexpr std::string_view kPhases[]     = {"decode", "prefill", "serve", "train"};
constexpr std::string_view kShared[]     = {"replicated", "dedicated"};
constexpr std::string_view kOverlaps[]   = {"none", "shared-expert", "two-batch", "two-batch-hook"};
constexpr std::string_view kComms[]      = {"none", "nccl", "deepep-normal", "deepep-low-latency", "mnnvl"};
constexpr std::string_view kGates[]      = {"model", "any"};
constexpr std::string_view kPlacements[] = {"none", "replicate", "eplb", "ideal"};
constexpr std::string_view kMethods[]   = {"none", "mtp", "parallel-heads", "medusa", "eagle", "draft-model"};
constexpr std::string_view kModules[]   = {"reused", "trained"};
constexpr std::string_view kTrees[]     = {"fixed", "dynamic"};
constexpr std::string_view kUses[]      = {"on", "off", "unknown"};
constexpr std::string_view kProcesses[] = {"closed", "poisson", "gamma", "diurnal", "sessions", "trace"};
constexpr std::string_view kLengths[]   = {"uniform", "fixed", "lognormal"};
constexpr std::string_view kPolicies[]  = {"engine", "prefill-first", "decode-first"};
constexpr std::string_view kRouters[]   = {"round-robin", "least-loaded", "prefix-aware"};
constexpr std::string_view kPreemptions[]   = {"recompute", "swap"};
constexpr std::string_view kTopologies[]    = {"rail", "nvlink", "single-node"};
constexpr std::string_view kSchedules[]     = {"1f1b", "zb1p", "dualpipe"};
constexpr std::string_view kTrainOverlaps[] = {"exchange", "none"};
constexpr std::string_view kRecomputes[]    = {"none", "selective", "full"};
constexpr std::string_view kBalances[]      = {"even", "none", "aux", "bias", "sequence"};
constexpr std::string_view kMoments[]       = {"bf16", "fp32"};
constexpr std::string_view kDemands[]       = {"load", "all"};
constexpr std::string_view kObjectives[]    = {"cost", "gpus", "throughput", "latency", "energy"};

// A slot is a function that names the member; the two spellings below keep the table readable.
#define AT(member) [](Scenario& s) -> decltype((s.member)) { return s.member; }
#define CHOICE(member)                                                                \
    ChoiceSlot {                                                                      \
        [](const Scenario& s) { return static_cast<int>(s.member); },                 \
            [](Scenario& s, int v) { s.member = static_cast<decltype(s.member)>(v); } \
    }

const Field kFields[] = {
    {"/name", "what this scenario is called in reports", AT(name)},
    {"/model",
     "a preset, the path of a Hugging Face config.json, or an object that extends one",
     AT(model_text),
     0,
     0,
     {},
     "scenarios/models"},
    {"/cluster/gpu", "the GPU", AT(gpu_text), 0, 0, {}, "scenarios/gpus"},
    {"/cluster/nodes", "nodes in the cluster", AT(cluster.nodes), 1, 1e6},
    {"/cluster/gpus_per_node", "GPUs in a node", AT(cluster.gpus_per_node), 1, 1024},
    {"/cluster/nvlink_domain", "GPUs that reach each other over NVLink; 0: those of a node",
     AT(cluster.nvlink_domain), 0, 1e5},
    {"/cluster/nic", "the network card of each GPU", AT(nic_text), 0, 0, {}, "scenarios/nics"},
    {"/cluster/topology", "how nodes are joined", CHOICE(cluster.topology), 0, 0, kTopologies},
    {"/phase", "what is predicted", CHOICE(phase), 0, 0, kPhases},
    {"/layout/attention/tp", "ranks that split the heads of a layer", AT(layout.attention_tp), 1, 4096},
    {"/layout/attention/dp", "attention replicas, each with its own requests", AT(layout.attention_dp), 1,
     1e6},
    {"/layout/attention/cp", "ranks that split the context of a request", AT(layout.attention_cp), 1, 4096},
    {"/layout/experts/ep", "ranks that share the routed experts", AT(layout.ep), 1, 1e6},
    {"/layout/experts/tp", "ranks that split each expert's width", AT(layout.expert_tp), 1, 4096},
    {"/layout/experts/redundant", "extra physical experts, over all ranks", AT(layout.redundant), 0, 1e5},
    {"/layout/experts/shared", "where shared experts live", CHOICE(layout.shared), 0, 0, kShared},
    {"/layout/pp", "pipeline stages", AT(layout.pp), 1, 1024},
    {"/layout/overlap", "what runs while tokens travel", CHOICE(layout.overlap), 0, 0, kOverlaps},
    {"/layout/comm", "how tokens reach their experts", CHOICE(layout.comm), 0, 0, kComms},
    {"/layout/comm_library", "version of the communication library; auto: the newest known",
     AT(layout.comm_library)},
    {"/layout/comm_sms", "SMs held by communication kernels; 0: the library's default", AT(layout.comm_sms),
     0, 512},
    {"/precision", "number format of every component", AT(precision_text), 0, 0, {}, "scenarios/precisions"},
    {"/speculation/method", "how draft tokens are made", CHOICE(speculation.method), 0, 0, kMethods},
    {"/speculation/use", "whether the server speculates; unknown: both are predicted, and their mean given",
     CHOICE(speculation.use), 0, 0, kUses},
    {"/speculation/depth", "draft tokens per step, one after another", AT(speculation.depth), 0, 16},
    {"/speculation/modules", "of MTP: one module used again for every draft, or one trained for each",
     CHOICE(speculation.modules), 0, 0, kModules},
    {"/speculation/tree/nodes", "candidates verified in a step, of EAGLE and Medusa; 0: a chain",
     AT(speculation.nodes), 0, 1024},
    {"/speculation/tree/width", "branches that EAGLE extends in each pass", AT(speculation.width), 1, 16},
    {"/speculation/tree/kind", "the same tree in every step, or one grown by confidence",
     CHOICE(speculation.tree), 0, 0, kTrees},
    {"/speculation/draft_model",
     "the model that drafts, for method draft-model",
     AT(draft_model_text),
     0,
     0,
     {},
     "scenarios/models"},
    {"/speculation/acceptance",
     "a preset of survival curves, or the chance that one draft is accepted",
     AT(acceptance_text),
     0,
     1,
     {},
     "scenarios/acceptance"},
    {"/speculation/threshold",
     "none: verify every draft; static:TAU: stop where confidence falls below TAU; adaptive: verify what "
     "pays",
     AT(threshold)},
    {"/routing/gate",
     "which experts a token may choose: the model's own groups, or any (simulated balanced routing)",
     CHOICE(gate), 0, 0, kGates},
    {"/routing/popularity",
     "how often each expert is chosen: uniform, a law (lognormal:SIGMA, zipf:S, dirichlet:ALPHA), measured "
     "traffic (deepseek-v3:prefill_in4096), or a file of counts",
     AT(popularity)},
    {"/routing/max_over_mean", "tokens of the busiest rank over the mean, beyond what chance does",
     AT(max_over_mean), 1, 1000},
    {"/routing/placement", "which experts live on which rank; redundant experts need one", CHOICE(placement),
     0, 0, kPlacements},
    {"/routing/planned_on", "the load the placement was planned on: same, or as popularity", AT(planned_on)},
    {"/calibration",
     "measured kernel times; auto: the GPU's own, or its nearest relative's; none: roofline",
     AT(calibration_text),
     0,
     0,
     {},
     "hw/calibrations"},
    {"/engine", "the serving engine and its version", AT(engine_text), 0, 0, {}, "scenarios/engines"},
    {"/workload/batch_per_gpu", "requests on one GPU in a step, over all micro-batches",
     AT(workload.batch_per_gpu), 1e-6, 1e6},
    {"/workload/context", "tokens a decoding request attends to, on average", AT(workload.context), 1, 1e8},
    {"/workload/isl", "input tokens of a request", AT(workload.isl), 1, 1e8},
    {"/workload/osl", "output tokens of a request", AT(workload.osl), 1, 1e8},
    {"/workload/range_ratio", "lengths are uniform between this share of isl and osl, and all of it",
     AT(workload.range_ratio), 0, 1},
    {"/workload/requests_per_client", "requests that each client of a closed loop sends, one after another",
     AT(workload.requests_per_client), 1, 1e9},
    {"/workload/concurrency", "requests in flight over the whole cluster", AT(workload.concurrency), 0, 1e9},
    {"/workload/arrivals/process",
     "how requests arrive: closed (concurrency clients, each asks again once answered), poisson or gamma "
     "gaps, "
     "diurnal (poisson, its rate by the hour), sessions (each prompt carries what was said), or a recorded "
     "trace",
     CHOICE(workload.arrivals.process), 0, 0, kProcesses},
    {"/workload/arrivals/rate", "requests per second, mean; of all but closed and trace",
     AT(workload.arrivals.rate), 0, 1e9},
    {"/workload/arrivals/cv", "deviation over mean of the gaps between requests; of gamma",
     AT(workload.arrivals.cv), 0.01, 100},
    {"/workload/arrivals/profile",
     "relative rates of equal parts of a day, which begins with the run; of diurnal",
     AT(workload.arrivals.profile), 0, 1},
    {"/workload/arrivals/trace", "file of recorded requests; of trace", AT(workload.arrivals.trace)},
    {"/workload/arrivals/speed", "a trace is played so many times as fast", AT(workload.arrivals.speed), 1e-6,
     1e6},
    {"/workload/arrivals/think_time",
     "what a client of a closed loop, or a session, waits before it asks again",
     AT(workload.arrivals.think_time)},
    {"/workload/lengths/law",
     "how prompts and answers vary: uniform (by range_ratio), fixed, or lognormal with means isl and osl",
     CHOICE(workload.lengths.law), 0, 0, kLengths},
    {"/workload/lengths/input_cv", "deviation over mean of prompts; of lognormal",
     AT(workload.lengths.input_cv), 0, 100},
    {"/workload/lengths/output_cv", "deviation over mean of answers; of lognormal",
     AT(workload.lengths.output_cv), 0, 100},
    {"/workload/sessions/turns", "questions of a session", AT(workload.sessions.turns), 1, 1e4},
    {"/workload/sessions/system_tokens",
     "tokens that every session's first prompt begins with, the same for all",
     AT(workload.sessions.system_tokens), 0, 1e6},
    {"/workload/sessions/most_context", "a session ends before its next prompt and answer would be longer",
     AT(workload.sessions.most_context), 1, 1e7},
    {"/workload/cached_share", "share of every prompt that some prefix cache holds already",
     AT(workload.cached_share), 0, 1},
    {"/workload/requests", "requests that are simulated; 0: as duration, trace or requests_per_client give",
     AT(workload.requests), 0, 1e12},
    {"/workload/duration", "time in which requests arrive; 0 s: no limit", AT(workload.duration)},
    {"/workload/warm_up", "requests that arrive before are served, but not counted", AT(workload.warm_up)},
    {"/serving/policy",
     "what a step does first: as the engine does, prompts alone, or all that decode and prompts beside them",
     CHOICE(serving.policy), 0, 0, kPolicies},
    {"/serving/router", "which unit a request goes to", CHOICE(serving.router), 0, 0, kRouters},
    {"/serving/preemption",
     "what becomes of a request that the cache has no more room for: computed again, or moved to the host",
     CHOICE(serving.preemption), 0, 0, kPreemptions},
    {"/serving/swap_bandwidth", "between each GPU and its host, of preemption by swap",
     AT(serving.swap_bandwidth)},
    {"/serving/chunk", "most prefill tokens in one step", AT(serving.chunk), 1, 1e7},
    {"/serving/receive_interval", "decode steps between two looks at the queue", AT(serving.receive_interval),
     1, 1e6},
    {"/serving/balance_wait", "decode steps that attention ranks wait until each of them has a prompt",
     AT(serving.balance_wait), 0, 1e6},
    {"/serving/max_running", "most requests on one attention rank; 0: what the cache holds",
     AT(serving.max_running), 0, 1e9},
    {"/serving/prefix_cache/capacity",
     "bytes of each GPU for cached prefixes; auto: what running requests leave; none",
     AT(serving.prefix_cache.capacity)},
    {"/serving/prefix_cache/block", "tokens of a block of the prefix cache", AT(serving.prefix_cache.block),
     1, 1e6},
    {"/serving/prefix_cache/disk", "bytes of each unit's disks for cached prefixes",
     AT(serving.prefix_cache.disk)},
    {"/serving/prefix_cache/disk_bandwidth", "of each GPU that loads from there",
     AT(serving.prefix_cache.disk_bandwidth)},
    {"/serving/units",
     "units and how many of each: {prefill, decode} of a disaggregated deployment, or {aggregated}; each "
     "{count, "
     "layout}",
     AT(serving.units)},
    {"/serving/schedule",
     "units in service over equal parts of a day, which begins with the run: {prefill: [...], decode: "
     "[...]}, or {aggregated: [...]}",
     AT(serving.schedule)},
    {"/serving/spare", "units of each kind that step in for failed ones", AT(serving.spare), 0, 1e6},
    {"/serving/failures/mtbf",
     "mean time between failures of one GPU, each of which stops its unit; 0 s: none", AT(serving.mtbf)},
    {"/serving/failures/repair", "until a failed unit serves again", AT(serving.repair)},
    {"/serving/rebalance/interval", "between two moves of experts, which stop a unit; 0 s: none",
     AT(serving.rebalance_interval)},
    {"/serving/rebalance/pause", "that a unit stops for it", AT(serving.rebalance_pause)},
    {"/training/tokens", "tokens of the training run; 0: not given", AT(training.tokens), 0, 1e18},
    {"/training/sequence", "tokens per training sequence", AT(training.sequence), 1, 1e7},
    {"/training/schedule", "pipeline schedule", CHOICE(training.schedule), 0, 0, kSchedules},
    {"/training/micro_batch", "sequences in a micro-batch of one rank", AT(training.micro_batch), 1, 1e4},
    {"/training/global_batch",
     "sequences in a step, over all ranks; 0: as few as fill the pipeline, two for each stage",
     AT(training.global_batch), 0, 1e7},
    {"/training/overlap", "whether a forward and a backward chunk hide each other's all-to-all (dualpipe)",
     CHOICE(training.overlap), 0, 0, kTrainOverlaps},
    {"/training/recompute",
     "what the backward pass computes again: none; selective (norms, SwiGLU, MLA's up-projections); full",
     CHOICE(training.recompute), 0, 0, kRecomputes},
    {"/training/zero",
     "1: master weights and moments are cut over the ranks that hold the same weights; 0: not",
     AT(training.zero), 0, 1},
    {"/training/mtp", "MTP modules trained with the model", AT(training.mtp), 0, 4},
    {"/training/moments", "format of AdamW's moments", CHOICE(training.moments), 0, 0, kMoments},
    {"/training/node_limit",
     "most nodes that a token's experts may lie on; 0: the model's own gate; all nodes of an expert group: "
     "no "
     "limit",
     AT(training.node_limit), 0, 1e6},
    {"/training/balance",
     "what evens out experts: even (simulated balanced routing), none, aux (Switch's loss), bias "
     "(DeepSeek-V3's "
     "update), sequence (the loss within sequences)",
     CHOICE(training.balance), 0, 0, kBalances},
    {"/training/capacity", "an expert drops tokens beyond this times its mean load; 0: none are dropped",
     AT(training.capacity), 0, 1000},
    {"/training/failures/mtbf_gpu_hours", "hours of one GPU between failures that stop the job; 0: none",
     AT(training.mtbf_gpu_hours), 0, 1e9},
    {"/training/failures/checkpoint", "time that training stands still for a checkpoint",
     AT(training.checkpoint)},
    {"/training/failures/restart", "time from a failure until training runs again", AT(training.restart)},
    {"/training/power_usage_effectiveness", "energy of the site over energy of its machines",
     AT(training.power_usage_effectiveness), 1, 10},
    {"/training/phases",
     "a list of phases, each with its name and tokens (and sequence, global_batch, cp where they differ), or "
     "the gpu_hours it is known to take; empty: one phase of all tokens",
     AT(training.phases), 0, 1},
    {"/slo/ttft_p90", "time to first token that nine in ten requests must beat", AT(slo.ttft_p90)},
    {"/slo/tpot_p90", "time per output token that nine in ten requests must beat", AT(slo.tpot_p90)},
    {"/price/usd_per_gpu_hour", "rent of one GPU; absent: the GPU preset's", AT(usd_per_gpu_hour), 0, 1e6},
    {"/plan/demand", "what a plan must serve: the workload, or as much as the GPUs can", CHOICE(plan.demand),
     0, 0, kDemands},
    {"/plan/objective", "what makes one plan better than another", CHOICE(plan.objective), 0, 0, kObjectives},
    {"/plan/max_gpus", "most GPUs of a plan, spares included; 0: the cluster's", AT(plan.max_gpus), 0, 1e6},
    {"/plan/budget_usd_per_hour", "most that a plan may cost; 0: no limit", AT(plan.budget), 0, 1e9},
    {"/plan/growth", "share by which the load may grow and still be served", AT(plan.growth), 0, 100},
    {"/plan/spare_units", "units of each kind beyond what the load needs; 1 is N+1", AT(plan.spare), 0, 1000},
    {"/plan/confidence", "chance with which the SLO must hold; 0: the estimate alone must",
     AT(plan.confidence), 0, 0.999},
    {"/plan/space/modes", "of aggregated, split; empty: both", AT(plan.space.modes)},
    {"/plan/space/clusters", "cluster presets that units may lie on; empty: the scenario's own",
     AT(plan.space.clusters)},
    {"/plan/space/unit_gpus", "GPUs of a unit; empty: parts of a node and whole nodes",
     AT(plan.space.unit_gpus), 1, 1e6},
    {"/plan/space/tp", "attention tp; dp follows from the GPUs; empty: powers of two within a node",
     AT(plan.space.tp), 1, 4096},
    {"/plan/space/cp", "attention cp; empty: 1", AT(plan.space.cp), 1, 4096},
    {"/plan/space/pp", "pipeline stages; empty: 1", AT(plan.space.pp), 1, 1024},
    {"/plan/space/ep", "ranks that share the experts, expert tp follows; empty: 1 and all of a unit",
     AT(plan.space.ep), 1, 1e6},
    {"/plan/space/redundant", "extra physical experts; empty: none and an eighth of the experts",
     AT(plan.space.redundant), 0, 1e5},
    {"/plan/space/comms", "ways for tokens to travel, as layout.comm; empty: nccl and both of DeepEP",
     AT(plan.space.comms)},
    {"/plan/space/overlaps", "as layout.overlap; empty: all", AT(plan.space.overlaps)},
    {"/plan/space/precisions",
     "number formats, each a preset or an object that extends one; empty: the scenario's own",
     AT(plan.space.precisions),
     0,
     1,
     {},
     "scenarios/precisions"},
    {"/plan/space/speculations", "none or METHOD:DEPTH; empty: none, and mtp:1 to mtp:3 of a model with MTP",
     AT(plan.space.speculations)},
    {"/plan/space/chunks", "most prefill tokens in a step of an aggregated unit; empty: three around ours",
     AT(plan.space.chunks), 1, 1e7},
    {"/plan/space/batches", "requests that decode on one attention rank; empty: 1 to 1024, 12 % apart",
     AT(plan.space.batches), 1e-3, 1e6},
    {"/seed", "seed of every random draw", AT(seed), 0, 1e15},
};

#undef AT
#undef CHOICE

}  // namespace

std::span<const Field> scenario_fields() {
    return kFields;
}

const Field* find_field(std::string_view path) {
    const auto found =
        std::find_if(std::begin(kFields), std::end(kFields), [&](const Field& f) { return f.path == path; });
    return found == std::end(kFields) ? nullptr : &*found;
}

}  // namespace isobath
