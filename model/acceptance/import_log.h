/// Acceptance curves of the user's own server: logs and metrics of vLLM, SGLang and TensorRT-LLM.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/acceptance/acceptance_file.h"

namespace isobath {

/// What a server counted: how many times it drafted, and how many of those kept draft 1, 2, ....
struct DraftCounts {
    double drafts = 0;
    std::vector<double> accepted;  ///< per position; empty where only the total is known
    double accepted_total = 0;     ///< over all positions
    int depth             = 0;     ///< drafts per step, 0: not said
    bool counted          = true;  ///< `drafts` is a count; else lines, each one a mean of unknown weight
    int lines             = 0;     ///< that were read
    std::string engine;  ///< "vLLM log", "vLLM metrics", "SGLang log", "TensorRT-LLM iteration statistics"
};

/// Reads a log, a scrape of Prometheus counters, or JSON lines of iteration statistics; the format is known
/// by its own words, and lines of other kinds are passed over. Of counters, the last scrape in the file
/// counts.
///
/// Formats: vLLM `SpecDecoding metrics: ...` and `vllm:spec_decode_num_*` (vllm/v1/spec_decode/metrics.py);
/// SGLang `Decode batch. ... accept len: 2.35, accept rate: 0.45, ...` (managers' scheduler metrics);
/// TensorRT-LLM `"specDecodingStats": {"numDraftTokens", "numAcceptedTokens", "numRequestsWithDraftTokens",
/// "acceptanceLength"}` of its /metrics iteration statistics.
///
/// Throws SpecError "shown:LINE: ..." on a rate above 1 or that is no number, on acceptance that rises with
/// depth, on a line that was cut, and "shown: ..." where nothing was found.
DraftCounts read_draft_counts(std::string_view text, const std::string& shown);

/// The curve behind the counts with its 80 % interval: binomial (Wilson) per position where positions were
/// counted; where only a mean length is known, one chance for all positions that meets it, and the interval
/// is every falling curve of that mean. `depth`: drafts per step, for logs that do not say. Throws SpecError
/// where the depth is needed and missing, or cannot give the mean.
AcceptanceFile curve_of(const DraftCounts& counts, int depth, const std::string& shown);

/// Wilson's interval for `hits` of `tries` at `z` standard deviations (1.2816: 80 %).
struct Interval01 {
    double low, high;
};
Interval01 wilson(double hits, double tries, double z = 1.2815515655446004);

}  // namespace isobath
