// The table for people.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "sim/run_result.h"

namespace isobath {
namespace {

struct Paint {
    bool on;
    std::string bold(const std::string& s) const { return on ? "\x1b[1m" + s + "\x1b[0m" : s; }
    std::string dim(const std::string& s) const { return on ? "\x1b[2m" + s + "\x1b[0m" : s; }
};

std::string gib(Bytes b) {
    return fmt::format("{:.1f} GiB", b.in(unit::GiB));
}

/// A time in the unit a reader would choose, four significant digits, zeros at the end kept.
std::string time(Seconds t) {
    const double us    = t.in(unit::us);
    const double value = us < 1000 ? us : us < 1e6 ? us / 1e3 : us / 1e6;
    const int digits   = value < 10 ? 3 : value < 100 ? 2 : value < 1000 ? 1 : 0;
    return fmt::format("{:.{}f} {}", value, digits, us < 1000 ? "us" : us < 1e6 ? "ms" : "s");
}

std::string layout_line(const Scenario& s) {
    const Layout& l = s.layout;
    std::string out = fmt::format("attention DP{} TP{}", l.attention_dp, l.attention_tp);
    if (l.attention_cp > 1) out += fmt::format(" CP{}", l.attention_cp);
    if (s.model.moe) out += fmt::format(", experts EP{} TP{}", l.ep, l.expert_tp);
    if (l.redundant > 0) out += fmt::format(" + {} redundant", l.redundant);
    if (l.pp > 1) out += fmt::format(", PP{}", l.pp);
    return out;
}

std::string headline(const RunResult& r, Paint paint) {
    const Scenario& s  = r.scenario;
    const bool prefill = s.phase == Phase::prefill;
    std::string out    = paint.bold(s.name) + "\n";
    out += fmt::format("{} on {} x {} ({} node{}), {}\n", s.model.name, s.cluster.gpus(), s.cluster.gpu.title,
                       s.cluster.nodes, s.cluster.nodes == 1 ? "" : "s", layout_line(s));
    if (prefill)
        out += fmt::format("{:g} prompts x {:g} tokens per GPU\n\n", r.input.batch_per_gpu, r.input.context);
    else
        out += fmt::format("{:g} requests per GPU, {:g} tokens of context, {} drafted token{} a step\n\n",
                           r.input.batch_per_gpu, r.input.context, s.speculation.drafts(),
                           s.speculation.drafts() == 1 ? "" : "s");
    return out;
}

/// Means over all requests, and what they are made of.
std::string served_lines(const ServedResult& v, const Scenario& s, Paint paint) {
    const LoopResult& l = v.loop;
    std::string out =
        paint.bold(fmt::format("{:<12} {} per output token", "Users feel", time(v.tpot.time))) +
        fmt::format("   80 % interval {} to {}; {:.1f} tokens/s for each of {:g} users\n", time(v.tpot.low),
                    time(v.tpot.high), v.output_tokens_per_s_user, s.workload.concurrency);
    out += paint.bold(fmt::format("{:<12} {} to the first token", "", time(v.ttft.time))) +
           fmt::format("   80 % interval {} to {}\n", time(v.ttft.low), time(v.ttft.high));
    out +=
        fmt::format("{:<12} {} of each output token waits for other requests' prefill\n", "", time(l.stall));
    out +=
        fmt::format("{:<12} first token: {} own prefill, {} in line; the first request of each client {}\n",
                    "", time(l.own_prefill), time(l.queue), time(l.first_wave));
    if (l.waiting >= 0.5)
        out += fmt::format("{:<12} the cache holds {:.0f} requests on a rank; {:.0f} wait\n", "", l.running,
                           l.waiting);
    if (s.speculation.method != SpeculationMethod::none && s.speculation.use == SpeculationUse::unknown)
        out += fmt::format(
            "{:<12} whether it speculates is not known: the mean of both, and an interval that spans both\n",
            "");
    return out;
}

std::string answers(const RunResult& r, Paint paint) {
    const Scenario& s = r.scenario;
    std::string out =
        paint.bold(fmt::format("{:<12} {}", r.served ? "Decode step" : "Step", time(r.times.step))) +
        fmt::format("   80 % interval {} to {}\n", time(r.step_range.low), time(r.step_range.high));
    if (s.phase == Phase::prefill) {
        out += fmt::format("{:<12} {:.0f} input tokens/s per GPU, {:.0f} per node\n", "Throughput",
                           r.input_tokens_per_s_gpu, r.input_tokens_per_s_gpu * s.cluster.gpus_per_node);
        out += fmt::format("{:<12} {:.4g} USD per million input tokens, {:.4g} USD/h for the cluster\n",
                           "Cost", r.usd_per_million_input_tokens, r.usd_per_hour);
    } else {
        if (r.served)
            out += served_lines(*r.served, r.asked, paint);
        else
            out += fmt::format(
                "{:<12} {} per output token: {:.1f} tokens/s for each user, {:.2f} tokens a step\n",
                "Users feel", time(r.tpot), 1 / r.tpot.in(unit::s), r.tokens_per_step);
        out += fmt::format("{:<12} {:.0f} output tokens/s per GPU, {:.0f} per node\n", "Throughput",
                           r.output_tokens_per_s_gpu, r.output_tokens_per_s_gpu * s.cluster.gpus_per_node);
        out += fmt::format("{:<12} {:.4g} USD per million output tokens, {:.4g} USD/h for the cluster\n",
                           "Cost", r.usd_per_million_output_tokens, r.usd_per_hour);
    }
    const MemoryUse& m = r.memory;
    out += fmt::format("{:<12} {}: weights {}, cache {}, activations {}, buffers {}\n", "Memory",
                       r.fits ? "fits" : paint.bold("does not fit"), gib(m.weights), gib(m.kv),
                       gib(m.activations), gib(m.buffers));
    out += fmt::format("{:<12} {} of {} free; room for {:.0f} cached tokens, {:.1f} such requests per GPU\n",
                       "", gib(m.free), gib(m.capacity), m.max_total_tokens, m.max_batch);
    if (!r.fits) out += fmt::format("{:<12} {}\n", "", to_text(r.advice, s));
    return out + "\n";
}

/// How much of the layer's communication the plan hides.
std::string network_line(const RunResult& r) {
    if (r.times.network <= Seconds{}) return "";
    const double shown = std::min(1., r.times.exposed_network / r.times.network);
    return fmt::format("  Communication takes {}, of which {:.0f} % is hidden behind compute.\n",
                       time(r.times.network), 100 * (1 - shown));
}

std::string parts_table(const RunResult& r, Paint paint) {
    const Seconds period = r.scenario.model.moe ? r.times.moe_layer : r.times.dense_layer;
    const int batches    = micro_batches(r.scenario.layout.overlap);
    std::string out = paint.bold(fmt::format("One {} layer, {}{}", r.scenario.model.moe ? "MoE" : "dense",
                                             time(period), batches > 1 ? " for both micro-batches" : "")) +
                      "\n";
    for (int i = 0; i < kLayerPartCount; ++i) {
        const Seconds t = r.times.parts[static_cast<std::size_t>(i)];
        if (t.in(unit::us) < 0.05) continue;
        const double share = t / period;
        std::string name(name_of(static_cast<LayerPart>(i)));
        std::replace(name.begin(), name.end(), '_', ' ');
        if (name == "other") name = "small kernels";
        if (const auto gemm = name.find("gemm"); gemm != name.npos) name.replace(gemm, 4, "GEMM");
        out += fmt::format(
            "  {:<17} {:>10}  {:>5.1f} %  {}\n", name, time(t), 100 * share,
            paint.dim(std::string(static_cast<std::size_t>(std::min(40., 40 * share + 0.5)), '#')));
    }
    return out + network_line(r) + "\n";
}

std::string ops_table(const RunResult& r, Paint paint) {
    std::string out =
        paint.bold(fmt::format("{:<18} {:>10} {:>8} {:>11} {:>11}  {:<8} {}", "Kernel (one GPU)", "once",
                               "times", "a step", "FLOP/B", "bound", "source")) +
        "\n";
    std::vector<const OpRow*> rows;
    for (const OpRow& op : r.ops) rows.push_back(&op);
    const auto total = [](const OpRow* op) { return op->count * op->time.time; };
    std::stable_sort(rows.begin(), rows.end(), [&](auto* a, auto* b) { return total(a) > total(b); });
    constexpr std::size_t kShown = 14;
    for (std::size_t i = 0; i < std::min(kShown, rows.size()); ++i) {
        const OpRow& op        = *rows[i];
        const double intensity = op.work.bytes > Bytes{} ? op.work.flop.base() / op.work.bytes.base() : 0;
        out += fmt::format("{:<18} {:>10} {:>8.0f} {:>11} {:>11}  {:<8} {}\n", op.name, time(op.time.time),
                           op.count, time(total(&op)), intensity > 0 ? fmt::format("{:.3g}", intensity) : "-",
                           name_of(op.bound), name_of(op.time.source));
    }
    if (rows.size() > kShown)
        out +=
            paint.dim(fmt::format("and {} smaller kernels (--json lists all)", rows.size() - kShown)) + "\n";
    return out + "\n";
}

std::string provenance_line(const RunResult& r) {
    Seconds all;
    for (const Seconds t : r.times.by_source) all += t;
    std::string out = "This step's time rests on:";
    for (int i = 0; i < kSourceCount; ++i) {
        const double share = r.times.by_source[static_cast<std::size_t>(i)] / all;
        if (share >= 0.0005)
            out += fmt::format(" {} {:.1f} %,", name_of(static_cast<Source>(i)), 100 * share);
    }
    out.back() = '.';
    return out + "\n";
}

}  // namespace

std::string to_text(const RunResult& r, bool colour) {
    const Paint paint{colour};
    return headline(r, paint) + answers(r, paint) + parts_table(r, paint) + ops_table(r, paint) +
           provenance_line(r);
}

}  // namespace isobath
