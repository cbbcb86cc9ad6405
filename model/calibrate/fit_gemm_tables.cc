#include "model/calibrate/fit_gemm_tables.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "hw/spec_reader.h"
#include "model/calibrate/holdout.h"
#include "model/calibrate/judge.h"
#include "model/calibrate/least_squares.h"
#include "model/forms_gemm.h"

namespace isobath {
namespace {

enum : std::size_t { launch, tile, step, compute, memory, shows, sustained, gather, passes, cached, count };

constexpr double kNoise = 0.05;  ///< of a measured row: weighs rows against what constants are drawn to
constexpr int kFolds    = 5;
constexpr std::size_t kFewestRows = 5;  ///< what is drawn to a start needs no row of its own

/// Where a constant lies before any row is seen: `width` is the deviation of its logarithm.
struct Prior {
    Parameter parameter;
    double width;
};
using Priors = std::array<Prior, count>;

/// Times in us. Starts: H100's cuBLAS (2 us launch, two-stage-deep tiles of 0.5 us, 0.1 us of latency per
/// stage). Launch starts at seven tenths of the fastest row.
Priors priors_for(const Samples& samples, const ProductLibrary& library) {
    const auto faster = [](const KernelSample& a, const KernelSample& b) { return a.time < b.time; };
    const double fast = std::min_element(samples.begin(), samples.end(), faster)->time.in(unit::us);
    Priors out{{{{0.7 * fast, 0.5, 30}, 0.5},
                {{0.5, 0.05, 5}, 1},
                {{0.1, 0.005, 0.6}, 1},
                {{0.8, 0.2, 1}, 0.2},
                {{0.85, 0.4, 1}, 0.2},
                {{0.3, 0.02, 1}, 1},
                {{0.9, 0.5, 1}, 0.2},
                {{1.5, 0.1, 20}, 1},
                {{1.5, 0.1, 40}, 1},
                {{2, 0.5, 8}, 1}}};
    const auto hold = [&](std::size_t i, double at) { out[i].parameter = {at, at, at}; };
    if (!library.splits) hold(gather, 1);
    if (!library.quantises) hold(passes, 1);
    if (!library.warm) hold(cached, 1);
    if (library.sparse)
        for (const auto i : {step, compute, memory, shows}) hold(i, out[i].parameter.start);
    if (library.warm) hold(sustained, 1);  // one product per head: long ones wait for memory
    return out;
}

BatchedGemm product_of(const Op& op) {
    const auto* batched = std::get_if<BatchedGemm>(&op);
    return batched ? *batched : batch_of_one(std::get<Gemm>(op));
}

/// The constants with their intervals.
GemmConstants constants_of(const LeastSquares& fit, const ProductLibrary& library, int min_tile_n) {
    const auto share = [&](std::size_t i) { return Fitted<double>{fit.values[i], fit.low[i], fit.high[i]}; };
    const auto time  = [&](std::size_t i) {
        return Fitted<Seconds>{fit.values[i] * unit::us, fit.low[i] * unit::us, fit.high[i] * unit::us};
    };
    GemmConstants c{time(launch), time(tile), time(step), share(compute), share(memory), library.max_tile_n};
    PipelineConstants p{share(shows), share(sustained), {}, {}, min_tile_n, library.splits ? 8 : 1};
    if (library.splits) p.gather = time(gather);
    if (library.warm) p.cached = share(cached);
    c.pipeline = p;
    if (library.quantises) c.quantise = {{}, share(passes)};
    return c;
}

GemmConstants constants_of(std::span<const double> p, const ProductLibrary& library, int min_tile_n) {
    const std::vector<double> values(p.begin(), p.end());
    return constants_of(LeastSquares{values, values, values, {}}, library, min_tile_n);
}

double log_error(const GemmConstants& c, const GpuSpec& gpu, const KernelSample& row) {
    return std::log(benchmark_time(c, gpu, row.op) / row.time);
}

struct ProductFit {
    GemmConstants constants;
    std::vector<double> errors;  ///< of the rows alone
    double loss = 0;
};

ProductFit fit_once(const GpuSpec& gpu, const Samples& samples, const ProductLibrary& library, int min_tile_n,
                    const Priors& priors) {
    std::vector<Parameter> start;
    for (const Prior& prior : priors) start.push_back(prior.parameter);
    const LeastSquares fit = fit_least_squares(
        start, int(samples.size() + priors.size()), [&](std::span<const double> p, std::span<double> out) {
            const GemmConstants c = constants_of(p, library, min_tile_n);
            for (std::size_t i = 0; i < samples.size(); ++i) out[i] = log_error(c, gpu, samples[i]);
            for (std::size_t i = 0; i < priors.size(); ++i)
                out[samples.size() + i] =
                    kNoise * std::log(p[i] / priors[i].parameter.start) / priors[i].width;
        });
    ProductFit out{constants_of(fit, library, min_tile_n), fit.residuals, 0};
    out.errors.resize(samples.size());
    for (const double e : fit.residuals)
        out.loss += std::abs(e) <= kNoise ? e * e / 2 : kNoise * (std::abs(e) - kNoise / 2);
    return out;
}

/// Errors of sites left out in turn.
std::vector<double> errors_on_new_sites(const GpuSpec& gpu, const Samples& samples,
                                        const ProductLibrary& library, int min_tile_n, const Priors& priors) {
    std::vector<std::string> sites;
    for (const KernelSample& row : samples) sites.push_back(site_of(row.op));
    const std::vector<int> fold = folds_of(sites, kFolds);
    std::vector<double> errors;
    for (int left_out = 0; left_out < kFolds; ++left_out) {
        Samples others;
        for (std::size_t i = 0; i < samples.size(); ++i)
            if (fold[i] != left_out) others.push_back(samples[i]);
        if (others.empty() || others.size() == samples.size()) continue;
        const GemmConstants c = fit_once(gpu, others, library, min_tile_n, priors).constants;
        for (std::size_t i = 0; i < samples.size(); ++i)
            if (fold[i] == left_out) errors.push_back(log_error(c, gpu, samples[i]));
    }
    return errors;
}

/// What of the launch is the product's is known from a family that does not quantise.
void share_launch(GemmConstants& c, const Fitted<Seconds>& product) {
    if (!c.quantise || product.value >= c.launch.value) return;
    const auto rest    = [&](Seconds whole) { return std::max(Seconds{}, whole - product.value); };
    c.quantise->launch = {rest(c.launch.value), rest(c.launch.low), rest(c.launch.high)};
    c.launch           = product;
}

}  // namespace

Seconds benchmark_time(const GemmConstants& c, const GpuSpec& gpu, const Op& op) {
    return benchmark_time(c, gpu, product_of(op));
}

FamilyFit<GemmConstants> fit_product(const GpuSpec& gpu, const Samples& samples,
                                     const ProductLibrary& library) {
    const Priors priors = priors_for(samples, library);
    ProductFit best;
    for (const int min_tile_n : {16, 32, 64}) {
        ProductFit fit = fit_once(gpu, samples, library, min_tile_n, priors);
        if (best.errors.empty() || fit.loss < best.loss) best = std::move(fit);
    }
    const int min_tile_n = best.constants.pipeline->min_tile_n;
    FamilyFit<GemmConstants> out{best.constants, residuals_of(best.errors)};
    out.residuals.factor =
        std::max(out.residuals.factor,
                 residuals_of(errors_on_new_sites(gpu, samples, library, min_tile_n, priors)).factor);
    share_launch(out.constants, library.launch);
    return out;
}

bool is_silicon_product(const KernelTable& table) {
    const bool product = table.kernel.starts_with("gemm_") || table.kernel.starts_with("batched_gemm");
    return product && !table.samples.empty() && !table.samples.front().key.empty();
}

namespace {

/// The silicon rows of one kernel, by implementation.
struct Rows {
    Samples samples;
    std::string measured_on, source;
};

std::map<std::string, Rows> rows_of(std::span<const KernelTable> tables, const std::string& kernel) {
    std::map<std::string, Rows> out;
    for (const KernelTable& table : tables) {
        if (table.kernel != kernel || !is_silicon_product(table)) continue;
        Rows& rows       = out[table.implementation];
        rows.measured_on = table.measured_on;
        rows.source += (rows.source.empty() ? "" : "; ") + table.source;
        for (const KernelSample& row : table.samples)
            if (!row.held_back) rows.samples.push_back(row);
    }
    return out;
}

/// The launch of a BF16 product of the same library; zero if it was not timed.
Fitted<Seconds> plain_launch(const Calibration& calibration, const std::string& implementation) {
    const auto* bf16 = calibration.gemm_bf16.find(implementation);
    return bf16 ? bf16->constants.launch : Fitted<Seconds>{};
}

/// Rows of a product alone, from a cold L2, hold neither a quantise kernel nor operands used again.
ProductLibrary as_timed(ProductLibrary library, const Samples& samples) {
    const bool alone  = samples.front().alone;
    library.quantises = library.quantises && !alone;
    library.warm      = library.warm && !alone;
    library.sparse    = library.sparse && !alone;  // cold rows tell what memory takes
    return library;
}

void fit_family(const GpuSpec& gpu, std::span<const KernelTable> tables, const std::string& kernel,
                ProductLibrary library, KernelFamily<GemmConstants>& family, const Calibration& so_far) {
    int most = 0;
    for (const auto& [name, rows] : rows_of(tables, kernel)) {
        if (rows.samples.size() < kFewestRows)
            fail_at("tables", "/" + kernel,
                    "too few rows to fit; need at least " + std::to_string(kFewestRows));
        library.launch = plain_launch(so_far, name);
        const auto fit = fit_product(gpu, rows.samples, as_timed(library, rows.samples));
        family.implementations.push_back(
            {name, rows.measured_on, rows.source, Source::fitted, fit.constants, fit.residuals});
        if (int(rows.samples.size()) > most) family.preferred = name;
        most = std::max(most, int(rows.samples.size()));
    }
}

}  // namespace

void fit_gemm_tables(const GpuSpec& gpu, std::span<const KernelTable> tables, Calibration& out) {
    const auto fit = [&](const char* kernel, const ProductLibrary& library, auto& family) {
        fit_family(gpu, tables, kernel, library, family, out);
    };
    // BF16 and per-tensor FP8 go through cuBLAS, block-scaled FP8 through DeepGEMM: 160 columns, no split.
    fit("gemm_bf16", {.splits = true}, out.gemm_bf16);
    fit("gemm_fp8_tensor", {.splits = true, .quantises = true}, out.gemm_fp8_tensor);
    fit("gemm_fp8", {.max_tile_n = 160, .quantises = true}, out.gemm_fp8);
    fit("gemm_fp4", {.quantises = true}, out.gemm_fp4);
    fit("batched_gemm_bf16", {.warm = true, .sparse = true}, out.batched_gemm_bf16);
    fit("batched_gemm_fp8", {.max_tile_n = 128, .quantises = true, .warm = true}, out.batched_gemm_fp8);
}

}  // namespace isobath
