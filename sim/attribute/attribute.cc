#include "sim/attribute/attribute.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace isobath {
namespace {

constexpr double kCountsApart = 0.05;
const double kFarthest        = std::log(4.0);  ///< that a kernel may be from its prediction

/// An operation of the plan that wants a kernel.
struct Wanted {
    std::string name, layer_kind, kind;
    double per_step = 0;
    Estimate time;
    const Gemm* gemm = nullptr;
    int launch       = -1;
};

/// A product, a transfer or a small kernel: products of experts and of BF16 heads are products all the same.
struct ClassOf {
    const std::string& name;

    std::string operator()(const Gemm&) const { return "gemm"; }
    std::string operator()(const BatchedGemm&) const { return "gemm"; }
    std::string operator()(const GroupedGemm&) const { return "grouped_gemm"; }
    std::string operator()(const FusedMoe&) const { return "grouped_gemm"; }
    std::string operator()(const MlaDecode&) const { return "attention_decode"; }
    std::string operator()(const GqaDecode&) const { return "attention_decode"; }
    std::string operator()(const FlashPrefill&) const { return "attention_prefill"; }
    std::string operator()(const IndexerScore&) const { return "indexer"; }
    std::string operator()(const Streaming&) const {
        const auto holds = [&](const char* text) { return name.find(text) != name.npos; };
        if (holds("norm")) return "norm";
        if (holds("rope")) return "rope";
        if (holds("quantise")) return "quantise";
        if (holds("swiglu") || holds("act")) return "swiglu";
        if (holds("top_k")) return "gate";
        if (holds("kv_write")) return "cache";
        if (holds("unpermute") || holds("reduce")) return "unpermute";
        if (holds("permute") || holds("map")) return "permute";
        if (holds("assembly") || holds("embed")) return "copy";
        return holds("sampl") ? "sampling" : "elementwise";
    }
};

std::vector<Wanted> wanted_of(const RunResult& result) {
    std::vector<Wanted> out;
    for (const OpRow& row : result.ops) {
        Wanted one{row.name, row.layer_kind, row.name, row.count, row.time};
        if (row.kernel) {
            one.kind = class_of(row.name, *row.kernel);
            one.gemm = std::get_if<Gemm>(&*row.kernel);
        }
        if (one.per_step > 0 && one.time.time > Seconds{}) out.push_back(std::move(one));
    }
    return out;
}

std::vector<RecordedLaunch> launches_of(const RecordedKernels& recorded, const Classifier& classifier) {
    std::map<LaunchKey, RecordedTimes> sums;
    for (const RecordedKernel& kernel : recorded.kernels) {
        LaunchKey key = kernel.launch;
        key.stream    = 0;
        key.graph     = false;
        key.range.reset();
        sums[key].add(kernel.times);
    }
    std::vector<RecordedLaunch> out;
    for (auto& [key, times] : sums) out.push_back({key, classifier.classify(key.name), 0, std::move(times)});
    return out;
}

double runs_in(const std::vector<RecordedLaunch>& launches, const std::string& kind) {
    double runs = 0;
    for (const RecordedLaunch& launch : launches)
        if (launch.what.kind == kind) runs += double(launch.times.count());
    return runs;
}

double runs_in(const std::vector<Wanted>& wanted, const std::string& kind) {
    double runs = 0;
    for (const Wanted& op : wanted)
        if (op.kind == kind) runs += op.per_step;
    return runs;
}

/// Attention cores, or else products of experts, run as often as a step says: their number tells the steps.
double count_steps(const std::vector<RecordedLaunch>& launches, const std::vector<Wanted>& wanted) {
    for (const char* kind : {"attention_decode", "attention_prefill", "grouped_gemm"}) {
        const double planned = runs_in(wanted, kind), seen = runs_in(launches, kind);
        if (planned > 0 && seen > 0) return std::max(1.0, std::round(seen / planned));
    }
    return 1;
}

bool agree(double a, double b) {
    return std::abs(a - b) <= kCountsApart * b;
}

double distance(const RecordedLaunch& launch, const Wanted& op) {
    return std::log(launch.times.histogram.median() / op.time.time);
}

bool fits_shape(const RecordedLaunch& launch, const Wanted& op) {
    const auto is = [&](const char* axis, int size) {
        const auto at = launch.what.shape.find(axis);
        return at == launch.what.shape.end() || at->second == size;
    };
    return launch.what.shape.empty() || (op.gemm && is("n", op.gemm->n) && is("k", op.gemm->k));
}

class Matcher {
  public:
    Matcher(std::vector<RecordedLaunch>& launches, std::vector<Wanted>& wanted)
        : launches_(launches), wanted_(wanted), taken_(launches.size(), false) {}

    void run() {
        by_shape();
        for (const auto& [kind, per_step] : groups()) by_time(kind, per_step);
        pairs();
    }
    bool taken(std::size_t launch) const { return taken_[launch]; }

  private:
    void take(std::size_t launch, Wanted& op) {
        op.launch      = static_cast<int>(launch);
        taken_[launch] = true;
    }

    bool near(std::size_t launch, const Wanted& op) const {
        return op.launch < 0 && !taken_[launch] && launches_[launch].what.kind == op.kind &&
               agree(launches_[launch].per_step, op.per_step) && fits_shape(launches_[launch], op) &&
               std::abs(distance(launches_[launch], op)) <= kFarthest;
    }

    /// A name that tells n and k leaves few operations; of these the nearest in time.
    void by_shape() {
        for (std::size_t i = 0; i < launches_.size(); ++i) {
            if (launches_[i].what.shape.empty()) continue;
            Wanted* best = nullptr;
            for (Wanted& op : wanted_)
                if (near(i, op) &&
                    (!best || std::abs(distance(launches_[i], op)) < std::abs(distance(launches_[i], *best))))
                    best = &op;
            if (best) take(i, *best);
        }
    }

    std::vector<std::pair<std::string, double>> groups() const {
        std::vector<std::pair<std::string, double>> out;
        for (const Wanted& op : wanted_)
            if (std::find(out.begin(), out.end(), std::pair{op.kind, op.per_step}) == out.end())
                out.emplace_back(op.kind, op.per_step);
        return out;
    }

    /// Least sum of squared distances, in the order of times on both sides. Leaving one out costs half of
    /// what the farthest match does, so that no match beyond it pays.
    void by_time(const std::string& kind, double per_step) {
        std::vector<std::size_t> kernels;
        std::vector<Wanted*> ops;
        for (std::size_t i = 0; i < launches_.size(); ++i)
            if (!taken_[i] && launches_[i].what.kind == kind && launches_[i].what.shape.empty() &&
                agree(launches_[i].per_step, per_step))
                kernels.push_back(i);
        for (Wanted& op : wanted_)
            if (op.kind == kind && op.per_step == per_step && op.launch < 0) ops.push_back(&op);
        std::sort(kernels.begin(), kernels.end(), [&](std::size_t a, std::size_t b) {
            return launches_[a].times.histogram.median() < launches_[b].times.histogram.median();
        });
        std::stable_sort(ops.begin(), ops.end(),
                         [](const Wanted* a, const Wanted* b) { return a->time.time < b->time.time; });
        align(kernels, ops);
    }

    void align(const std::vector<std::size_t>& kernels, const std::vector<Wanted*>& ops) {
        const std::size_t rows = kernels.size(), columns = ops.size();
        const double skip = kFarthest * kFarthest / 2;
        std::vector<std::vector<double>> cost(rows + 1, std::vector<double>(columns + 1));
        const auto match = [&](std::size_t i, std::size_t j) {
            return cost[i - 1][j - 1] + std::pow(distance(launches_[kernels[i - 1]], *ops[j - 1]), 2);
        };
        for (std::size_t i = 0; i <= rows; ++i)
            for (std::size_t j = 0; j <= columns; ++j) {
                cost[i][j] = double(i + j) * skip;
                if (i > 0) cost[i][j] = std::min(cost[i][j], cost[i - 1][j] + skip);
                if (j > 0) cost[i][j] = std::min(cost[i][j], cost[i][j - 1] + skip);
                if (i > 0 && j > 0) cost[i][j] = std::min(cost[i][j], match(i, j));
            }
        for (std::size_t i = rows, j = columns; i > 0 && j > 0;) {
            if (cost[i][j] == match(i, j))
                take(kernels[--i], *ops[--j]);
            else if (cost[i][j] == cost[i - 1][j] + skip)
                --i;
            else
                --j;
        }
    }

    /// One kernel for two operations that take the same launch.
    void pairs() {
        for (std::size_t i = 0; i < launches_.size(); ++i)
            for (std::size_t a = 0; a < wanted_.size() && !taken_[i]; ++a)
                for (std::size_t b = a + 1; b < wanted_.size() && !taken_[i]; ++b)
                    if (pair(i, wanted_[a], wanted_[b]))
                        wanted_[b].launch = static_cast<int>(i), take(i, wanted_[a]);
    }

    bool pair(std::size_t launch, const Wanted& a, const Wanted& b) const {
        const RecordedLaunch& kernel = launches_[launch];
        const auto suits             = [&](const Wanted& op) {
            return op.launch < 0 && op.kind == kernel.what.kind && fits_shape(kernel, op) &&
                   std::abs(distance(kernel, op)) <= kFarthest;
        };
        return suits(a) && suits(b) && agree(kernel.per_step, a.per_step + b.per_step);
    }

    std::vector<RecordedLaunch>& launches_;
    std::vector<Wanted>& wanted_;
    std::vector<bool> taken_;
};

/// A low-latency dispatch or combine is two runs of one kernel: it sends, and it receives.
void join_halves(std::vector<RecordedLaunch>& launches, const std::vector<Wanted>& wanted) {
    for (RecordedLaunch& launch : launches)
        for (const Wanted& op : wanted)
            if (launch.what.kind == op.kind && (op.kind == "dispatch" || op.kind == "combine") &&
                agree(launch.per_step, 2 * op.per_step)) {
                RecordedTimes both;
                const Seconds twice = 2.0 * launch.times.histogram.median();
                for (std::uint64_t i = 0; i < launch.times.count() / 2; ++i) both.add(twice);
                both.total      = launch.times.total;
                launch.times    = both;
                launch.per_step = launch.per_step / 2;
                break;
            }
}

std::string reason_for(const RecordedLaunch& launch, const std::vector<Wanted>& wanted) {
    if (launch.what.kind == kUnknownClass) return "no rule knows its name";
    bool planned = false, counts = false;
    for (const Wanted& op : wanted) {
        if (op.kind != launch.what.kind) continue;
        planned = true;
        counts  = counts || agree(launch.per_step, op.per_step);
    }
    if (!planned) return "the plan has no such operation";
    return counts ? "operations that run as often have other kernels, shapes or times"
                  : "no operation runs as often";
}

}  // namespace

std::string class_of(const std::string& name, const Op& op) {
    return std::visit(ClassOf{name}, op);
}

Attribution attribute(const RecordedKernels& recorded, const Classifier& classifier,
                      const RunResult& result) {
    Attribution out;
    out.scenario                         = result.asked.name;
    std::vector<Wanted> wanted           = wanted_of(result);
    std::vector<RecordedLaunch> launches = launches_of(recorded, classifier);
    const double processes               = std::max(1, recorded.processes);
    out.steps_counted                    = recorded.steps <= 0;
    out.steps = out.steps_counted ? count_steps(launches, wanted) : recorded.steps * processes;
    for (RecordedLaunch& launch : launches) launch.per_step = double(launch.times.count()) / out.steps;
    join_halves(launches, wanted);
    Matcher matcher(launches, wanted);
    matcher.run();
    out.total = recorded.total();
    for (const Wanted& op : wanted) {
        if (op.launch < 0) {
            out.missing.push_back(op.name);
            continue;
        }
        const RecordedLaunch& launch = launches[std::size_t(op.launch)];
        const double part            = op.per_step / launch.per_step;
        out.ops.push_back({op.name, op.layer_kind, op.per_step, op.time, launch.times.histogram.median(),
                           launch, std::min(1.0, part) * (launch.times.total / out.total)});
    }
    double unmatched = 0;
    for (std::size_t i = 0; i < launches.size(); ++i) {
        if (matcher.taken(i)) continue;
        const double share = launches[i].times.total / out.total;
        unmatched += share;
        out.unmatched.push_back({launches[i], reason_for(launches[i], wanted), share});
    }
    std::stable_sort(out.unmatched.begin(), out.unmatched.end(),
                     [](const auto& a, const auto& b) { return a.share > b.share; });
    out.matched_share = launches.empty() ? 0 : 1 - unmatched;
    return out;
}

}  // namespace isobath
