#include "model/numerics/precision_pairs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"

namespace isobath::numerics {
namespace {

constexpr const char* kFile = "scenarios/acceptance/measured/precision-pairs.json";
constexpr std::array<std::string_view, 3> kChanged{"kv_cache", "weights", "draft"};

double accepted_drafts(SpecReader& in, int drafts) {
    in.ignore("survival");
    in.ignore("share_of_drafts");
    if (in.has("share_of_drafts")) return drafts * in.number("share_of_drafts", 0, 1);
    double sum                 = 0;
    const nlohmann::json& list = in.raw("survival");
    if (!list.is_array() || list.size() != std::size_t(drafts)) in.fail("survival", "expected one per draft");
    for (const nlohmann::json& s : list) sum += s.is_number() ? s.get<double>() : 2;
    if (!(sum <= drafts)) in.fail("survival", "expected numbers from 0 to 1");
    return sum;
}

PairSide read_side(SpecReader side, int drafts) {
    PairSide out;
    out.format     = side.text("format");
    out.bits       = side.number("bits", 1, 32);
    out.acceptance = conditional_acceptance(accepted_drafts(side, drafts), drafts);
    side.finish();
    return out;
}

double noise_growth(const PrecisionPair& pair) {
    return std::exp2(-pair.to.bits) - std::exp2(-pair.from.bits);
}

struct Rules {
    double constant = 0, slope = 0;
};

/// Each group counts as one, whatever its number of pairs.
Rules fitted(const std::vector<PrecisionPair>& pairs, const std::string& without) {
    std::map<std::string, double> sizes;
    for (const PrecisionPair& p : pairs) sizes[p.group] += 1;
    double weight = 0, loss = 0, cross = 0, square = 0;
    for (const PrecisionPair& p : pairs) {
        if (p.group == without) continue;
        const double w = 1 / sizes[p.group], x = noise_growth(p);
        weight += w;
        loss += w * p.loss();
        cross += w * x * p.loss();
        square += w * x * x;
    }
    return {weight > 0 ? loss / weight : 0, square > 0 ? cross / square : 0};
}

}  // namespace

std::string_view name_of(Changed changed) {
    return kChanged[static_cast<std::size_t>(changed)];
}

double conditional_acceptance(double accepted, int drafts) {
    double low = 0, high = 1;
    for (int i = 0; i < 60; ++i) {
        const double middle = (low + high) / 2;
        double sum = 0, power = 1;
        for (int d = 0; d < drafts; ++d) sum += power *= middle;
        (sum < accepted ? low : high) = middle;
    }
    return (low + high) / 2;
}

std::vector<PrecisionPair> load_precision_pairs(const DataFiles& data) {
    const std::string shown   = data.shown(kFile);
    const nlohmann::json json = parse_json(data.find(kFile).value_or("{}"), shown);
    SpecReader in(json, shown);
    in.text("title");
    in.text("source");
    std::vector<PrecisionPair> out;
    in.each("pairs", [&](SpecReader& pair) {
        PrecisionPair p;
        p.id      = pair.text("id");
        p.group   = pair.text("group");
        p.source  = pair.text("source");
        p.changed = static_cast<Changed>(pair.choice("changed", kChanged));
        p.drafts  = pair.integer("drafts", 1, 64);
        p.from    = read_side(pair.object("from"), p.drafts);
        p.to      = read_side(pair.object("to"), p.drafts);
        out.push_back(std::move(p));
    });
    in.finish();
    if (out.empty()) in.fail("pairs", "expected at least one pair");
    return out;
}

std::vector<PairResidual> leave_one_group_out(const std::vector<PrecisionPair>& pairs) {
    std::vector<PairResidual> out;
    for (const PrecisionPair& p : pairs) {
        const Rules others = fitted(pairs, p.group);
        out.push_back({p.loss(), others.constant, others.slope * noise_growth(p)});
    }
    return out;
}

PairRules fit_pairs(const std::vector<PrecisionPair>& pairs) {
    const Rules all = fitted(pairs, "");
    PairRules out{all.constant, all.slope, 0, 0, 1, -1};
    const std::vector<PairResidual> residuals = leave_one_group_out(pairs);
    std::map<std::string, double> sizes;
    for (const PrecisionPair& p : pairs) sizes[p.group] += 1;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const PairResidual& r = residuals[i];
        const double weight   = 1 / (sizes[pairs[i].group] * double(sizes.size()));
        out.constant_residual += weight * std::pow(r.constant - r.measured, 2);
        out.noise_residual += weight * std::pow(r.noise - r.measured, 2);
        out.low  = std::min(out.low, r.measured);
        out.high = std::max(out.high, r.measured);
    }
    out.constant_residual = std::sqrt(out.constant_residual);
    out.noise_residual    = std::sqrt(out.noise_residual);
    return out;
}

}  // namespace isobath::numerics
