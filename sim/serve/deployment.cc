#include "sim/serve/deployment.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "sim/serve/serve_fields.h"
#include "sim/serve/unit_steps.h"
#include "sim/served/cache_room.h"
#include "sim/served/serving_units.h"

namespace isobath {
namespace {

Ticks ticks(Seconds time) {
    return static_cast<Ticks>(std::llround(time.in(unit::ns)));
}

double nanoseconds(Seconds time) {
    return time.in(unit::ns);
}

/// The two kinds of steps of one kind of unit.
struct UnitModels {
    std::optional<StepModel> decode, prefill;
    const StepModel& main() const { return decode ? *decode : *prefill; }
};

UnitModels aggregated_models(const ServingUnits& units, const DataFiles& data) {
    return {StepModel(units.decode.scenario, data), StepModel(units.prefill.scenario, data)};
}

UnitModels prefill_models(const ServingUnits& units, const DataFiles& data) {
    return {{}, StepModel(units.prefill.scenario, data)};
}

/// A decode unit prefills, too: what it had to preempt.
UnitModels decode_models(const ServingUnits& units, const DataFiles& data) {
    Scenario again           = units.decode.scenario;
    again.phase              = Phase::prefill;
    again.speculation.method = SpeculationMethod::none;
    return {StepModel(units.decode.scenario, data), StepModel(again, data)};
}

/// The cache with as many requests as it holds: their activations and buffers take room from it, so the two
/// are found in turns.
MemoryUse full_memory(const StepModel& m, const Workload& w, double reserved, double tokens, double most) {
    const double held = w.mean_prompt() + (reserved > 0 ? w.mean_answer() / 2 : 0);
    MemoryUse use     = memory_in_use(m, 1, held, tokens);
    for (int i = 0; i < 4; ++i) {
        const double room = use.max_total_tokens / (w.mean_prompt() + reserved * w.mean_answer());
        use = memory_in_use(m, std::max(1.0, most > 0 ? std::min(most, room) : room), held, tokens);
    }
    return use;
}

/// Prompts that fill a prefill step, on one rank.
double prompts_together(const Scenario& s) {
    return std::max(1.0, s.serving.chunk / s.workload.mean_prompt());
}

UnitMemory memory_of_unit(const UnitModels& models, const Scenario& s, UnitRole role) {
    const StepModel& m    = models.main();
    const double reserved = s.engine.answer_reserved.value;
    UnitMemory out;
    if (role == UnitRole::prefill)
        out.use = memory_in_use(m, prompts_together(s), s.workload.mean_prompt(), s.serving.chunk);
    else
        out.use = full_memory(m, s.workload, reserved, role == UnitRole::aggregated ? s.serving.chunk : 0,
                              s.serving.max_running);
    out.kv_per_token = m.weights().kv_per_token;
    const double one = s.workload.mean_prompt() + (role == UnitRole::prefill ? 0 : s.workload.mean_answer());
    out.fits         = out.use.max_total_tokens >= one;
    return out;
}

/// Requests of one rank beyond which the table goes on in a straight line.
double most_requests(const Scenario& s, double cache) {
    const double room = cache / std::max(1.0, s.workload.mean_prompt() + s.workload.mean_answer() / 4);
    const double most = s.serving.max_running > 0 ? std::min(s.serving.max_running, room) : room;
    return std::clamp(most, 1.0, 4096.0);
}

double longest_prompt(const Scenario& s) {
    const Workload& w = s.workload;
    const bool known  = w.arrivals.process != ArrivalProcess::trace && w.lengths.law != LengthKind::lognormal;
    return known ? w.isl : std::max(w.isl, 131072.0);
}

std::shared_ptr<const StepTable> table_of(const UnitModels& models, const Scenario& s, double cache) {
    StepBox box;
    box.requests = most_requests(s, cache);
    box.cache    = std::max(1024.0, cache);
    box.tokens   = std::max(64.0, s.serving.chunk);
    box.context  = std::max(64.0, longest_prompt(s));
    return std::make_shared<StepTable>(step_table_of(models.decode ? &*models.decode : nullptr,
                                                     models.prefill ? &*models.prefill : nullptr, box));
}

SchedulePolicy policy_of(const Scenario& s, UnitRole role) {
    if (role == UnitRole::prefill) return SchedulePolicy::prefill_first;
    if (s.serving.policy == PolicyChoice::engine)
        return s.engine.mixed_steps ? SchedulePolicy::decode_first : SchedulePolicy::prefill_first;
    return s.serving.policy == PolicyChoice::decode_first ? SchedulePolicy::decode_first
                                                          : SchedulePolicy::prefill_first;
}

/// The chance that a step yields 1, 2, ... tokens. Of a tree only the mean is known: the two whole numbers
/// next to it.
std::vector<double> accepted_of(const Speculation& spec) {
    if (!spec.on()) return {1};
    if (spec.tree_accepted >= 0) {
        const double mean = spec.tokens_per_step(), whole = std::floor(mean);
        std::vector<double> chances(static_cast<std::size_t>(whole) + 1, 0.0);
        chances[static_cast<std::size_t>(whole) - 1] = 1 - (mean - whole);
        chances[static_cast<std::size_t>(whole)]     = mean - whole;
        return chances;
    }
    std::vector<double> chances;
    double before = 1;
    for (const double survives : spec.survival) {
        chances.push_back(before - survives);
        before = survives;
    }
    chances.push_back(before);
    return chances;
}

PrefixCacheSpec prefix_of(const Scenario& s, const StepModel& m) {
    const PrefixCaching& wanted = s.serving.prefix_cache;
    const Bytes token           = m.weights().kv_per_token;
    const double ranks_gpus     = m.weights().gpus_per_request;
    PrefixCacheSpec out;
    // A trace that names blocks (Mooncake's) names those of 512 tokens.
    out.block_tokens = s.workload.arrivals.process == ArrivalProcess::trace ? 512 : wanted.block;
    const auto room  = prefix_capacity(s);
    out.on           = room.on;
    out.tokens       = room.bytes ? std::floor(*room.bytes / token) : -1;
    // A disk keeps what every GPU of the rank holds: each reads back its own part.
    out.disk_tokens = wanted.disk / (ranks_gpus * token);
    out.disk_ns     = nanoseconds(token / wanted.disk_bandwidth);
    return out;
}

void take_engine(const Scenario& s, const StepModel& m, UnitSpec& u) {
    u.receive_interval = static_cast<int>(s.serving.receive_interval);
    u.balance_wait     = static_cast<int>(s.serving.balance_wait);
    u.answer_reserved  = std::clamp(s.engine.answer_reserved.value, 0.0, 1.0);
    u.preemption = s.serving.preemption == PreemptionChoice::swap ? Preemption::swap : Preemption::recompute;
    u.swap_ns    = nanoseconds(m.weights().kv_per_token / s.serving.swap_bandwidth);
    u.rebalance_every = ticks(s.serving.rebalance_interval);
    u.rebalance_pause = ticks(s.serving.rebalance_pause);
}

void take_speculation(const StepModel& m, UnitSpec& u) {
    const Speculation& spec = m.scenario().speculation;
    u.accepted              = accepted_of(spec);
    if (spec.drafts() > 0) u.speculation_ns = nanoseconds(m.scenario().engine.speculation_per_request.value);
}

UnitSpec unit_of(const UnitModels& models, const Scenario& s, UnitRole role, const UnitMemory& memory) {
    const StepModel& m = models.main();
    UnitSpec u;
    u.role         = role;
    u.policy       = policy_of(s, role);
    u.ranks        = m.scenario().layout.attention_dp;
    u.gpus         = m.scenario().cluster.gpus();
    u.cache_tokens = static_cast<std::int64_t>(std::max(0.0, memory.use.max_total_tokens));
    u.chunk        = static_cast<std::int64_t>(s.serving.chunk);
    u.steps        = table_of(models, s, static_cast<double>(u.cache_tokens));
    if (s.serving.max_running > 0) u.max_running = static_cast<int>(s.serving.max_running);
    take_engine(s, m, u);
    if (role != UnitRole::prefill) take_speculation(m, u);
    if (role != UnitRole::decode) u.prefix = prefix_of(s, m);
    return u;
}

FleetSpec fleet_of(const Scenario& s, const UnitSpec& u, double count, const char* kind) {
    FleetSpec fleet;
    fleet.unit          = u;
    fleet.count         = static_cast<int>(count);
    fleet.schedule      = schedule_of(s, kind, fleet.count);
    fleet.repeats_daily = !fleet.schedule.empty();
    fleet.spare         = s.serving.spare;
    return fleet;
}

/// A GPU sends its part of the cache through its own network card, or over NVLink within one domain.
BytesPerSecond transfer_of(const Scenario& s) {
    const ClusterSpec& c = s.cluster;
    return c.gpus() <= c.nvlink_domain || c.nic.bandwidth <= BytesPerSecond{} ? c.gpu.nvlink
                                                                              : c.nic.bandwidth;
}

void take_hand_over(const Scenario& s, Deployment& d) {
    d.transfer        = transfer_of(s);
    d.setup.hand_over = ticks(hand_over_of(s.engine, s.cluster.gpu.architecture));
    // Routers of SGLang and TensorRT-LLM answer the user from the decode unit; the engines' hand-over was
    // fitted to times to first token, too.
    d.setup.first_token_waits = true;
    d.setup.hand_over_ns      = nanoseconds(d.first.kv_per_token / d.transfer);
}

void take_rules(const Scenario& s, ServeSetup& setup) {
    setup.router                = static_cast<RouterRule>(s.serving.router);
    setup.front_end             = ticks(s.engine.front_end.value);
    setup.failures.mean_between = ticks(s.serving.mtbf);
    setup.failures.repair       = ticks(s.serving.repair);
    setup.warm_up               = ticks(s.workload.warm_up);
    setup.stop                  = ticks(s.workload.duration);
    setup.seed                  = s.seed;
    setup.slo_ttft              = ticks(s.slo.ttft_p90);
    setup.slo_tpot              = ticks(s.slo.tpot_p90);
}

void add_aggregated(const Scenario& s, const ServingUnits& units, const DataFiles& data, Deployment& d) {
    const UnitModels models = aggregated_models(units, data);
    d.first                 = memory_of_unit(models, s, UnitRole::aggregated);
    d.setup.first =
        fleet_of(s, unit_of(models, s, UnitRole::aggregated, d.first), units.decode.count, "aggregated");
    d.setup.second.count = 0;
}

void add_split(const Scenario& s, const ServingUnits& units, const DataFiles& data, Deployment& d) {
    const UnitModels prefill = prefill_models(units, data), decode = decode_models(units, data);
    d.first  = memory_of_unit(prefill, s, UnitRole::prefill);
    d.second = memory_of_unit(decode, s, UnitRole::decode);
    d.setup.first =
        fleet_of(s, unit_of(prefill, s, UnitRole::prefill, d.first), units.prefill.count, "prefill");
    d.setup.second =
        fleet_of(s, unit_of(decode, s, UnitRole::decode, d.second), units.decode.count, "decode");
    take_hand_over(s, d);
}

}  // namespace

int Deployment::gpus() const {
    const auto of = [](const FleetSpec& f) { return (f.count + f.spare) * f.unit.gpus; };
    return of(setup.first) + (split ? of(setup.second) : 0);
}

Deployment deployment_of(const Scenario& s, const DataFiles& data) {
    const ServingUnits units = serving_units(s, data);
    Deployment d;
    d.split = units.split;
    d.tokens_per_step =
        units.decode.scenario.speculation.on() ? units.decode.scenario.speculation.tokens_per_step() : 1;
    units.split ? add_split(s, units, data, d) : add_aggregated(s, units, data, d);
    take_rules(s, d.setup);
    for (const FleetSpec* f : {&d.setup.first, &d.setup.second})
        if (f->unit.steps) d.table_values += f->unit.steps->size();
    return d;
}

ServeSetup serve_setup(const Scenario& s, const DataFiles& data) {
    return deployment_of(s, data).setup;
}

}  // namespace isobath
