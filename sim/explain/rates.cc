// What the step means: tokens a step, time per token, tokens per second, money.
#include <fmt/format.h>

#include "sim/explain/study.h"

namespace isobath {
namespace {

bool prefill(const Study& study) {
    return study.scenario().phase == Phase::prefill;
}

void add_step(const Study& study, Explanation& e) {
    const Range& r = study.result.step_range;
    e.inputs.push_back(
        between(known("step", study.result.times.step, "explain step"), r.low.base(), r.high.base()));
}

void add_tokens_per_step(const Study& study, Explanation& e) {
    e.inputs.push_back(known("tokens per step", study.result.tokens_per_step, "", "explain speculation"));
}

/// Tokens that one GPU finishes in a step.
double tokens_per_gpu(const Study& study) {
    const StepInput& in = study.result.input;
    return in.batch_per_gpu * (prefill(study) ? in.context : study.result.tokens_per_step);
}

void speculation(const Study& study, Explanation& e) {
    const Speculation& s = study.scenario().speculation;
    e.title              = "output tokens that a request gains in a step";
    e.equation           = {
                  "tokens = 1 + S_1 + S_2 + ...",
                  "S_i: the chance that the first i drafts are all accepted; exact whatever their dependence."};
    e.inputs.push_back(known("drafts", s.drafts(), "", field("/speculation/depth")));
    double sum = 1;
    for (std::size_t i = 0; i < s.survival.size(); ++i) {
        e.inputs.push_back(known(fmt::format("S_{}", i + 1), s.survival[i], "", s.source));
        sum += s.survival[i];
    }
    e.steps.push_back(known("tokens per step", sum, "", "1 + sum of S_i"));
    e.result = known("tokens per step", study.result.tokens_per_step, "tokens", "");
}

void latency(const Study& study, Explanation& e) {
    const bool first = prefill(study);
    const double per = first ? 1 : study.result.tokens_per_step;
    const Range& r   = study.result.step_range;
    e.title          = first ? "time to first token: one prefill step" : "time per output token";
    e.equation       = {first ? "t = step" : "t = step / tokens per step"};
    add_step(study, e);
    if (!first) add_tokens_per_step(study, e);
    e.steps.push_back(
        known("time", study.result.times.step / per, first ? "step" : "step / tokens per step"));
    e.result = between(known("time", first ? study.result.ttft : study.result.tpot, ""), (r.low / per).base(),
                       (r.high / per).base());
}

void throughput(const Study& study, Explanation& e) {
    const bool in     = prefill(study);
    const double rate = in ? study.result.input_tokens_per_s_gpu : study.result.output_tokens_per_s_gpu;
    const double mine = tokens_per_gpu(study);
    const Range& r    = study.result.step_range;
    e.title           = in ? "input tokens per second of one GPU" : "output tokens per second of one GPU";
    e.equation        = {in ? "rate = batch per GPU * prompt / step"
                            : "rate = batch per GPU * tokens per step / step"};
    e.inputs.push_back(
        known("batch per GPU", study.result.input.batch_per_gpu, "", field("/workload/batch_per_gpu")));
    if (in)
        e.inputs.push_back(known("prompt", study.result.input.context, "tokens", field("/workload/isl")));
    else
        add_tokens_per_step(study, e);
    add_step(study, e);
    e.steps.push_back(known("tokens", mine, "", "finished by one GPU in a step"));
    const ClusterSpec& c = study.scenario().cluster;
    e.steps.push_back(
        known("per node", rate * c.gpus_per_node, "tokens/s", fmt::format("{} GPUs", c.gpus_per_node)));
    e.steps.push_back(known("cluster", rate * c.gpus(), "tokens/s", fmt::format("{} GPUs", c.gpus())));
    e.steps.push_back(
        known("per GPU", mine / study.result.times.step.in(unit::s), "tokens/s", "tokens / step"));
    e.result =
        between(known("per GPU", rate, "tokens/s", ""), mine / r.high.in(unit::s), mine / r.low.in(unit::s));
}

void cost(const Study& study, Explanation& e) {
    const Scenario& s = study.scenario();
    const bool in = prefill(study), own = s.usd_per_gpu_hour >= 0;
    const double usd  = own ? s.usd_per_gpu_hour : s.cluster.gpu.usd_per_gpu_hour;
    const double rate = in ? study.result.input_tokens_per_s_gpu : study.result.output_tokens_per_s_gpu;
    const double mine = tokens_per_gpu(study);
    const Range& r    = study.result.step_range;
    e.title           = in ? "USD per million input tokens" : "USD per million output tokens";
    e.equation        = {"USD = rent of a GPU per hour / 3600 / tokens per second of a GPU * 1e6"};
    e.inputs.push_back(known("rent", usd, "USD/h",
                             own ? field("/price/usd_per_gpu_hour") : gpu_source(s, "usd_per_gpu_hour")));
    const Known bounds = between(known("per GPU", rate, "tokens/s", "explain throughput"),
                                 mine / r.high.in(unit::s), mine / r.low.in(unit::s));
    e.inputs.push_back(bounds);
    e.steps.push_back(known("cluster", study.result.usd_per_hour, "USD/h",
                            fmt::format("rent of {} GPUs", s.cluster.gpus())));
    e.steps.push_back(known("per second", usd / 3600, "USD", "rent / 3600"));
    e.steps.push_back(
        known("per million", usd / 3600 / rate * 1e6, "USD", "per second / tokens per second * 1e6"));
    e.result = between(
        known("per million",
              in ? study.result.usd_per_million_input_tokens : study.result.usd_per_million_output_tokens,
              "USD", ""),
        usd / 3600 / bounds.high * 1e6, usd / 3600 / bounds.low * 1e6);
}

}  // namespace

Explanation explain_rate(const Study& study, const std::string& name) {
    Explanation e{.op = name};
    if (name == "speculation") speculation(study, e);
    if (name == "latency") latency(study, e);
    if (name == "throughput") throughput(study, e);
    if (name == "cost") cost(study, e);
    return e;
}

}  // namespace isobath
