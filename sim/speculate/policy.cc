#include "sim/speculate/policy.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace isobath {
namespace {

/// Accuracies of the first r candidates -> chance of each rank.
RankChances chances_of(const std::vector<std::vector<double>>& ranks, int depth, int width) {
    RankChances out;
    for (const std::vector<double>& row : ranks) {
        if (static_cast<int>(out.size()) == depth) break;
        out.emplace_back();
        double before = 0;
        for (const double top : row) {
            if (static_cast<int>(out.back().size()) == width) break;
            out.back().push_back(top - before);
            before = top;
        }
    }
    return out;
}

double dynamic_tokens(const Speculation& s) {
    const ContextCurves contexts = spread_contexts(s.survival);
    double sum                   = 0;
    for (int r = 0; r < contexts.contexts; ++r) {
        const auto begin = contexts.survival.begin() + std::ptrdiff_t(r) * contexts.depth;
        const std::vector<double> own(begin, begin + contexts.depth);
        sum += tokens_per_step(grown_tree(rank_chances(own, s.width), s.width, s.depth, s.nodes));
    }
    return sum / contexts.contexts;
}

}  // namespace

std::optional<Threshold> parse_threshold(const std::string& text) {
    if (text == "none") return Threshold{};
    if (text == "adaptive") return Threshold{ThresholdKind::adaptive, 0};
    if (!text.starts_with("static:")) return {};
    const char *first = text.data() + 7, *last = text.data() + text.size();
    Threshold t{ThresholdKind::fixed, 0};
    const auto [end, wrong] = std::from_chars(first, last, t.tau);
    if (wrong != std::errc() || end != last || !(t.tau >= 0 && t.tau <= 1)) return {};
    return t;
}

std::string to_string(const Threshold& t) {
    if (t.kind == ThresholdKind::none) return "none";
    return t.kind == ThresholdKind::adaptive ? "adaptive" : fmt::format("static:{:g}", t.tau);
}

double tree_tokens(const Speculation& s, const std::vector<std::vector<double>>& ranks) {
    constexpr int kMostRanks = 16;
    if (s.tree == TreeKind::dynamic) return dynamic_tokens(s);
    if (!ranks.empty()) return tokens_per_step(best_tree(chances_of(ranks, s.depth, kMostRanks), s.nodes));
    return tokens_per_step(best_tree(rank_chances(s.survival, s.width), s.nodes));
}

double requests_of(const Scenario& s, const StepInput& in) {
    return in.batch_per_gpu * s.layout.attention_tp * s.layout.attention_cp * s.layout.attention_dp;
}

std::optional<DraftLoad> load_of(const StepModel& model, const ContextCurves& contexts, const Threshold& t,
                                 const StepInput& input, StepWorkspace& work) {
    if (t.kind == ThresholdKind::none) return {};
    if (t.kind == ThresholdKind::fixed) {
        DraftLoad load = static_threshold(contexts, t.tau, requests_of(model.scenario(), input));
        load.passes    = std::min<double>(load.passes, model.draft_plan().passes);
        return load;
    }
    const auto time = [&](int k) {
        StepInput one = input;
        one.load      = DraftLoad{double(k), 0, double(model.draft_plan().passes)};
        return evaluate(model, one, work).step.base();
    };
    DraftLoad load = adaptive(contexts, time);
    load.passes    = model.draft_plan().passes;
    return load;
}

std::optional<DraftLoad> load_of(const StepModel& model, const StepInput& input, StepWorkspace& work) {
    const Scenario& s = model.scenario();
    const Threshold t = parse_threshold(s.threshold).value_or(Threshold{});
    if (!s.speculation.on() || t.kind == ThresholdKind::none) return {};
    return load_of(model, spread_contexts(s.speculation.survival), t, input, work);
}

}  // namespace isobath
