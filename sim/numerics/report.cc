#include "sim/numerics/report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace isobath {
namespace {

using namespace numerics;

constexpr double kNoiseStep = 0.04;  ///< of LossCurve's grid, to 1

constexpr Format kCompared[] = {Format::bf16,       Format::int8,  Format::fp8_block,
                                Format::fp8_tensor, Format::mxfp8, Format::nvfp4};

std::vector<FormatAtK> by_k(ErrorTable& table) {
    std::vector<int> sums;
    for (const PartError& part : table.parts({})) sums.push_back(part.k);
    std::sort(sums.begin(), sums.end());
    sums.erase(std::unique(sums.begin(), sums.end()), sums.end());
    std::vector<FormatAtK> out;
    for (const Format format : kCompared)
        for (const int k : sums)
            if (k >= 512) out.push_back({format, k, table.product(k, format).error});
    return out;
}

std::vector<AccumulationAtK> accumulation(std::uint64_t seed) {
    struct How {
        const char* name;
        Accumulation how;
    };
    const How hows[] = {{"14 bits, one adder", {14, 0, Alignment::products_accumulator}},
                        {"14 bits, products first", {14, 0, Alignment::products}},
                        {"one adder, promoted every 128", {14, 128, Alignment::products_accumulator}},
                        {"products first, promoted every 128", {14, 128, Alignment::products}}};
    std::vector<AccumulationAtK> out;
    for (const bool uniform : {false, true})
        for (const int k : {1024, 4096, 16384}) {
            Noise noise(seed + std::uint64_t(k));
            Tensor x(16, std::size_t(k)), w(32, std::size_t(k));
            for (Tensor* t : {&x, &w})
                for (float& v : t->values) v = uniform ? static_cast<float>(noise.uniform()) : noise.normal();
            for (const How& h : hows)
                out.push_back({uniform ? "uniform" : "normal", h.name, k, accumulation_error(x, w, h.how)});
        }
    return out;
}

std::vector<AttentionCurve> attention(ErrorTable& table, const PrecisionPolicy& policy) {
    const AttentionFormat own{policy.kv_cache, policy.attention};
    std::vector<AttentionFormat> formats{{KvLayout::bf16, Format::bf16},
                                         {KvLayout::fp8_flashmla, Format::bf16},
                                         {KvLayout::fp8, Format::bf16}};
    if (std::find(formats.begin(), formats.end(), own) == formats.end()) formats.push_back(own);
    table.prepare_attention(formats);
    std::vector<AttentionCurve> out;
    for (const AttentionFormat& f : formats)
        out.push_back({fmt::format("cache {}, core {}", name_of(f.cache), name_of(f.core)), f == own,
                       table.attention(f)});
    return out;
}

/// Chances of the i-th draft where those before it were accepted.
std::vector<double> conditional(const std::vector<double>& survival) {
    std::vector<double> out;
    double before = 1;
    for (const double s : survival) {
        out.push_back(before > 0 ? s / before : 0);
        before = s;
    }
    return out;
}

Tensor target_of(const NumericsRequest& r) {
    Noise noise(r.sample.seed + 11);
    return synthetic_logits(std::size_t(r.positions), std::size_t(r.vocabulary), noise);
}

PositionLoss position_loss(int position, const Tensor& target, const Tensor& draft, const LogitNoise& noise,
                           std::uint64_t seed) {
    PositionLoss out;
    out.position = position;
    out.at       = noisy_acceptance(target, draft, noise.target.hidden, noise.draft, seed);
    out.loss     = out.at.exact - out.at.both;
    // Least: an error that stays as it is, on the target alone; most: errors that add all along, on both.
    const NoisyAcceptance least = noisy_acceptance(target, draft, noise.target.low, 0, seed);
    const double draft_most     = std::hypot(noise.draft, noise.target.high);
    const NoisyAcceptance most  = noisy_acceptance(target, draft, noise.target.high, draft_most, seed);
    out.low                     = std::min(out.loss, least.exact - least.target);
    out.high                    = std::max(out.loss, most.exact - most.both);
    return out;
}

std::vector<PositionLoss> positions(const NumericsRequest& r, const LogitNoise& noise) {
    const std::uint64_t seed = r.sample.seed + 13;
    if (r.logits) return {position_loss(1, r.logits->target, r.logits->draft, noise, seed)};
    const Tensor target = target_of(r);
    std::vector<PositionLoss> out;
    for (const double accepted : conditional(r.survival)) {
        if (!(accepted > 0)) break;
        const Tensor draft = synthetic_draft(target, accepted, seed + out.size() + 1);
        out.push_back(position_loss(int(out.size()) + 1, target, draft, noise, seed));
    }
    return out;
}

/// Whether anything that drafts or their target hold is stored in other than 16 bits.
bool changed(const PrecisionPolicy& p) {
    const auto narrow = [](Format f) { return weight_bytes(f) < 2; };
    return p.kv_cache != KvLayout::bf16 || narrow(p.gemm) || narrow(p.moe) || narrow(p.shared) ||
           narrow(p.absorbed) || narrow(p.head) || narrow(p.mtp);
}

void predict(NumericsReport& report, const DataFiles& data) {
    report.pairs     = load_precision_pairs(data);
    report.residuals = leave_one_group_out(report.pairs);
    report.rules     = fit_pairs(report.pairs);
    if (!changed(report.request.policy)) return;
    // The noise rule knows bits of what was measured, not formats of a policy: the mean, whichever wins.
    report.predicted      = report.rules.constant;
    report.predicted_low  = report.rules.low;
    report.predicted_high = report.rules.high;
    for (const PositionLoss& p : report.positions) {
        report.predicted_low  = std::min(report.predicted_low, p.loss);
        report.predicted_high = std::max(report.predicted_high, p.loss);
    }
}

}  // namespace

LogitNoise logit_noise(ErrorTable& table, const PrecisionPolicy& policy) {
    const StackNoise hidden = table.hidden(policy);
    const BlockVariances b  = table.blocks(policy);
    const double head       = std::sqrt(b.head);
    LogitNoise out;
    out.target = {std::hypot(hidden.hidden, head), std::hypot(hidden.low, head),
                  std::hypot(hidden.high, head)};
    // The draft reads the hidden state, runs its module and the head. Its noise is taken to be independent of
    // the target's, although both saw the same hidden state.
    out.draft = std::sqrt(hidden.hidden * hidden.hidden + b.mtp + b.head);
    return out;
}

LossCurve::LossCurve(const NumericsRequest& request) {
    const std::uint64_t seed = request.sample.seed + 13;
    const Tensor target      = request.logits ? request.logits->target : target_of(request);
    const Tensor draft =
        request.logits ? request.logits->draft : synthetic_draft(target, request.survival.front(), seed + 1);
    for (int i = 0; i <= 25; ++i) {
        const double noise      = kNoiseStep * i / std::sqrt(2.0);
        const NoisyAcceptance a = noisy_acceptance(target, draft, noise, noise, seed);
        losses_.push_back(a.exact - a.both);
    }
}

double LossCurve::at(double target_noise, double draft_noise) const {
    const double place =
        std::min(std::hypot(target_noise, draft_noise) / kNoiseStep, double(losses_.size() - 1));
    const auto below   = std::min(static_cast<std::size_t>(place), losses_.size() - 2);
    const double share = place - double(below);
    return losses_[below] * (1 - share) + losses_[below + 1] * share;
}

NumericsReport numerics_report(const NumericsRequest& request, const DataFiles& data) {
    NumericsReport out;
    out.request = request;
    ErrorTable table(request.model, request.sample);
    const PrecisionPolicy& policy = request.policy;
    out.parts                     = table.parts(policy);
    out.by_k                      = by_k(table);
    out.accumulation              = accumulation(request.sample.seed);
    out.attention                 = attention(table, policy);
    out.blocks                    = table.blocks(policy);
    out.hidden                    = table.hidden(policy);
    const LogitNoise noise        = logit_noise(table, policy);
    out.logits                    = noise.target;
    out.draft_noise               = noise.draft;
    out.router_own                = table.router(policy.router);
    const auto flips              = [&](double hidden) {
        return router_error(*request.model.moe, request.sample.router, hidden, request.sample.seed);
    };
    out.router_low  = flips(out.hidden.low);
    out.router_mid  = flips(out.hidden.hidden);
    out.router_high = flips(out.hidden.high);
    out.positions   = positions(request, noise);
    predict(out, data);
    return out;
}

}  // namespace isobath
