#include "model/acceptance/import_log.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "model/acceptance/import_engines.h"

namespace isobath {
namespace {

/// The last line of a file that does not end with a newline may be half a line.
std::string_view next_line(std::string_view& text) {
    const auto end        = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

/// One chance for all positions whose lengths sum to `mean`.
double chance_of_mean(double mean, int depth) {
    double low = 0, high = 1;
    for (int i = 0; i < 100; ++i) {
        const double middle                                             = (low + high) / 2;
        (tokens_per_step(geometric(middle, depth)) < mean ? low : high) = middle;
    }
    return (low + high) / 2;
}

/// Every falling curve with `kept` = S_1 + ... + S_depth: S_i is at most kept / i, and at least what is left
/// when those before it are 1 and those behind it as large as itself.
void add_bounds(double kept, Acceptance& a) {
    const int depth = a.depth();
    for (int i = 1; i <= depth; ++i) {
        a.high.push_back(std::min(1.0, kept / i));
        a.low.push_back(
            std::clamp((kept - (i - 1)) / (depth - i + 1), 0.0, a.survival[static_cast<std::size_t>(i - 1)]));
    }
}

Acceptance by_position(const DraftCounts& counts) {
    Acceptance a;
    for (const double accepted : counts.accepted) {
        const double rate = std::min(1.0, accepted / counts.drafts);
        a.survival.push_back(a.survival.empty() ? rate
                                                : std::min(rate, a.survival.back()));  // rounding of print
        const Interval01 range = wilson(accepted, counts.drafts);
        a.low.push_back(std::min(range.low, a.survival.back()));
        a.high.push_back(std::max(range.high, a.survival.back()));
    }
    for (std::size_t i = 1; i < a.low.size(); ++i) a.low[i] = std::min(a.low[i], a.low[i - 1]);
    for (std::size_t i = a.high.size(); i-- > 1;) a.high[i - 1] = std::max(a.high[i - 1], a.high[i]);
    return a;
}

Acceptance by_mean(const DraftCounts& counts, int depth, const std::string& shown) {
    const double kept = counts.accepted_total / counts.drafts;
    if (depth == 0)
        throw SpecError(fmt::format("{}: {} says a mean length only; give the drafts per step with --depth",
                                    clipped(shown, 400), counts.engine));
    if (kept > depth)
        throw SpecError(fmt::format("{}: {:.3f} drafts accepted per step, but {} are drafted",
                                    clipped(shown, 400), kept, depth));
    Acceptance a;
    a.survival = geometric(chance_of_mean(1 + kept, depth), depth);
    a.derived  = true;
    add_bounds(kept, a);
    return a;
}

}  // namespace

Interval01 wilson(double hits, double tries, double z) {
    const double p = hits / tries, zz = z * z / tries;
    const double centre = (p + zz / 2) / (1 + zz);
    const double reach  = z * std::sqrt(std::max(0.0, p * (1 - p) / tries) + zz / tries / 4) / (1 + zz);
    return {std::max(0.0, centre - reach), std::min(1.0, centre + reach)};
}

DraftCounts read_draft_counts(std::string_view text, const std::string& shown) {
    DraftCounts counts;
    Scrape scrape;
    int number = 0;
    while (!text.empty()) {
        const LogLine line{next_line(text), ++number, &shown};
        const std::string before = counts.engine;
        if (take_vllm_metric(line, scrape)) continue;
        if (!take_vllm_log(line, counts) && !take_sglang_log(line, counts)) take_trtllm_stats(line, counts);
        if (!before.empty() && before != counts.engine)
            line.fail(counts.engine + " after " + before + "; one file, one server");
    }
    if (counts.lines == 0 && scrape.line > 0) close_scrape(scrape, shown, counts);
    if (counts.lines == 0 || counts.drafts <= 0)
        throw SpecError(fmt::format(
            "{}: no speculation found in {} lines; known: vLLM \"SpecDecoding metrics\" lines and "
            "vllm:spec_decode_* counters, SGLang \"accept len\", TensorRT-LLM specDecodingStats",
            clipped(shown, 400), number));
    return counts;
}

AcceptanceFile curve_of(const DraftCounts& counts, int depth, const std::string& shown) {
    AcceptanceFile out;
    const bool positions = !counts.accepted.empty();
    out.curve = positions ? by_position(counts) : by_mean(counts, depth > 0 ? depth : counts.depth, shown);
    out.curve.measured = out.curve.depth();
    out.title          = "Acceptance measured on " + counts.engine;
    out.conditions =
        fmt::format("{} line{} of {}", counts.lines, counts.lines == 1 ? "" : "s", clipped(shown, 200));
    out.curve.source =
        positions
            ? fmt::format("{}: {:.0f} {}; interval: 80 % of a binomial, as if steps were independent",
                          counts.engine, counts.drafts,
                          counts.counted ? "drafting steps" : "lines, weighed alike")
            : fmt::format(
                  "{}: {:.3f} tokens per step in the mean, positions not said; one chance for all, and the "
                  "interval is every falling curve of that mean",
                  counts.engine, 1 + counts.accepted_total / counts.drafts);
    return out;
}

}  // namespace isobath
