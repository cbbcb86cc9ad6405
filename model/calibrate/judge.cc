#include "model/calibrate/judge.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "model/calibrate/fit_calibration.h"
#include "model/calibrate/fit_gemm_tables.h"
#include "model/calibrate/holdout.h"
#include "model/calibrated_time.h"

namespace isobath {
namespace {

std::string by(std::initializer_list<double> sizes) {
    std::string text;
    for (const double size : sizes) text += (text.empty() ? "" : "x") + std::to_string(std::llround(size));
    return text;
}

struct SiteOf {
    std::string operator()(const Gemm& g) const { return by({double(g.n), double(g.k)}); }
    std::string operator()(const BatchedGemm& g) const {
        return by({double(g.batch), double(g.n), double(g.k)});
    }
    std::string operator()(const GroupedGemm& g) const {
        return by({double(g.experts), double(g.n), double(g.k)});
    }
    /// The split of the experts: ranks over which they lie, and over which each is cut.
    std::string operator()(const FusedMoe& e) const { return by({double(e.experts), double(e.inter)}); }
    std::string operator()(const MlaDecode& a) const { return by({double(a.heads), a.context}); }
    std::string operator()(const FlashPrefill& a) const { return by({double(a.heads), a.q_len}); }
    std::string operator()(const GqaDecode& a) const { return by({double(a.heads), a.context}); }
    std::string operator()(const IndexerScore& i) const { return by({double(i.heads), i.context}); }
    std::string operator()(const Streaming& s) const { return by({s.bytes.base()}); }
};

using Tables = std::vector<KernelTable>;

/// The implementation of a family of products that benchmarks time with more around it; none otherwise.
std::optional<Implementation<GemmConstants>> product_in(const Calibration& calibration,
                                                        const std::string& family,
                                                        const std::string& implementation) {
    std::optional<Implementation<GemmConstants>> out;
    each_family(calibration, [&](const char* key, const auto& each) {
        if constexpr (std::is_same_v<decltype(each), const KernelFamily<GemmConstants>&>) {
            const auto* found = each.find(implementation);
            if (key == family && found && found->constants.pipeline) out = *found;
        }
    });
    return out;
}

/// Predicts with one implementation of one family, as a scenario that chose it would; a product as its
/// benchmark ran it, quantised on the way and with operands in L2; attention with its operands in L2 too.
struct Predict {
    CalibratedTime time;
    const GpuSpec& gpu;
    std::optional<Implementation<GemmConstants>> product;

    Estimate operator()(const KernelSample& row) const {
        if (product)
            return Estimate::within(benchmark_time(product->constants, gpu, row.op),
                                    product->residuals.factor, product->basis);
        Estimate sum = time.cost(row.op, gpu.sm_count).estimate;
        for (const Op& op : row.then) sum = sum + time.cost(op, gpu.sm_count).estimate;
        return sum;
    }
};

/// The tables that one family's implementation is fitted to, and what stands around them.
struct Bench {
    const GpuSpec& gpu;
    std::string family, implementation;
    Tables tables;  ///< of this implementation, all kernels: families may share constants
    int folds;

    std::vector<KernelSample> rows() const {
        std::vector<KernelSample> out;
        for (const KernelTable& table : tables)
            if (family_of(table.kernel) == family)
                out.insert(out.end(), table.samples.begin(), table.samples.end());
        return out;
    }
    Predict predict(const Calibration& calibration) const {
        return {CalibratedTime(gpu, calibration, {{family, implementation}}, Caches::warm), gpu,
                product_in(calibration, family, implementation)};
    }
};

/// The tables without this family's rows of the sites in fold `left_out`.
Tables without(Tables tables, const std::string& family, const std::map<std::string, int>& fold,
               int left_out) {
    for (KernelTable& table : tables) {
        if (family_of(table.kernel) != family) continue;
        std::erase_if(table.samples,
                      [&](const KernelSample& row) { return fold.at(site_of(row.op)) == left_out; });
    }
    std::erase_if(tables, [](const KernelTable& table) { return table.samples.empty(); });
    return tables;
}

std::map<std::string, int> folds_by_site(const std::vector<KernelSample>& rows, int folds) {
    std::vector<std::string> sites;
    for (const KernelSample& row : rows) sites.push_back(site_of(row.op));
    const std::vector<int> fold = folds_of(sites, folds);
    std::map<std::string, int> out;
    for (std::size_t i = 0; i < sites.size(); ++i) out.emplace(sites[i], fold[i]);
    return out;
}

std::vector<Scored> score_sites(const Bench& bench) {
    const std::vector<KernelSample> rows = bench.rows();
    const auto fold                      = folds_by_site(rows, bench.folds);
    std::vector<Scored> out;
    if (fold.size() < 2) return out;
    for (int left_out = 0; left_out < std::min(bench.folds, int(fold.size())); ++left_out) {
        const Predict predict = bench.predict(
            fit_calibration(bench.gpu, without(bench.tables, bench.family, fold, left_out), "left-out"));
        for (const KernelSample& row : rows)
            if (fold.at(site_of(row.op)) == left_out) out.push_back({row.key, row.time, predict(row)});
    }
    return out;
}

/// Constants with an interval were fitted; those without were known or taken over.
template <class T>
int count(const Fitted<T>& fitted) {
    return fitted.low < fitted.high;
}
int fitted_constants(const GemmConstants& c) {
    const int tiles = count(c.launch) + count(c.tile) + count(c.step) + count(c.compute) + count(c.memory);
    const auto& p   = c.pipeline;
    const int own   = p ? count(p->shows) + count(p->sustained) + count(p->gather) + count(p->cached) + 1 : 0;
    return tiles + own + (c.quantise ? count(c.quantise->launch) + count(c.quantise->passes) : 0);
}
int fitted_constants(const SplitConstants& c) {
    return count(c.combine) + count(c.partials) + count(c.queries) + count(c.stream);
}
int fitted_constants(const PromptConstants& c) {
    return count(c.pass) + count(c.imbalance) + count(c.slowdown);
}
int fitted_constants(const MoeConstants& c) {
    int shares = 0;
    for (const auto& one : c.compute) shares += count(one);
    return count(c.launch) + count(c.per_expert) + count(c.per_active) + count(c.memory) +
           count(c.token_bytes) + count(c.row_bytes) + shares;
}

/// Whether a family's fit may need the table: silicon's products are fitted family by family.
bool shares(const KernelTable& table, const std::string& family) {
    return family_of(table.kernel) == family || !is_silicon_product(table);
}

UnseenScores scores(const Bench& bench, const Calibration& calibration, int constants) {
    const std::vector<KernelSample> rows = bench.rows();
    const std::vector<Scored> held_back =
        score_held_back(std::span<const KernelSample>(rows), bench.predict(calibration));
    return {constants, scores_of(held_back), scores_of(score_sites(bench)), sample_of(held_back)};
}

}  // namespace

int fitted_constants(const OverlapConstants& c) {
    return count(c.launch) + count(c.compute) + count(c.memory) + count(c.cached) +
           (c.split ? fitted_constants(*c.split) : 0) + (c.prompt ? fitted_constants(*c.prompt) : 0);
}

std::string site_of(const Op& op) {
    return std::visit(SiteOf{}, op);
}

void judge_calibration(Calibration& calibration, const GpuSpec& gpu, std::span<const KernelTable> tables,
                       int folds) {
    const Calibration fitted = calibration;
    each_family(calibration, [&](const char* key, auto& family) {
        for (auto& each : family.implementations) {
            Bench bench{gpu, key, each.name, {}, folds};
            for (const KernelTable& table : tables)
                if (table.implementation == each.name && shares(table, key)) bench.tables.push_back(table);
            const std::vector<KernelSample> rows = bench.rows();
            if (std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.held_back; }))
                each.unseen = scores(bench, fitted, fitted_constants(each.constants));
        }
    });
}

Estimate as_benchmarked(const Calibration& calibration, const GpuSpec& gpu, const std::string& family,
                        const std::string& implementation, const Op& op) {
    const Bench bench{gpu, family, implementation, {}, 0};
    const Predict predict = bench.predict(calibration);
    const Estimate t      = predict({op, {}});
    if (!predict.product || calibration.gpu == gpu.name) return t;
    return Estimate::within(t.time, t.high / t.time * CalibratedTime::kTransferFactor, Source::assumed);
}

}  // namespace isobath
