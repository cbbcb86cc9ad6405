// SGLang's decode lines and TensorRT-LLM's iteration statistics: both say only how many drafts were kept in
// all.
#include <cmath>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "model/acceptance/import_engines.h"

namespace isobath {
namespace {

/// Accept rate is printed to 0.01: drafts per step = (length - 1) / rate, if that is near a whole number.
int depth_behind(double length, double rate) {
    if (rate < 0.05) return 0;
    const double depth = (length - 1) / rate, whole = std::round(depth);
    return whole >= 1 && whole <= 64 && std::abs(depth - whole) < 0.2 ? static_cast<int>(whole) : 0;
}

double stat(const LogLine& line, const nlohmann::json& stats, const char* key) {
    const auto found = stats.find(key);
    if (found == stats.end() || !found->is_number())
        line.fail(fmt::format("specDecodingStats without a number {}", key));
    const double value = found->get<double>();
    if (!(value >= 0)) line.fail(fmt::format("{} is {}; allowed: 0 and more", key, value));
    return value;
}

}  // namespace

bool take_sglang_log(const LogLine& line, DraftCounts& counts) {
    if (!behind(line, "Decode batch")) return false;
    const auto length = number_behind(line, "accept len: ");
    if (!length) return false;  // a batch without speculation
    if (*length < 1)
        line.fail(fmt::format("accept len {}; it counts the target's own token, so 1 is the least", *length));
    const auto requests = number_behind(line, "#running-req: ");
    if (const auto rate = number_behind(line, "accept rate: ")) {
        if (*rate < 0 || *rate > 1) line.fail(fmt::format("accept rate {}; allowed: 0 to 1", *rate));
        if (const int depth = depth_behind(*length, *rate)) counts.depth = std::max(counts.depth, depth);
    }
    const double weight = requests && *requests > 0 ? *requests : 1;
    counts.drafts += weight;
    counts.accepted_total += weight * (*length - 1);
    counts.counted = false;
    counts.engine  = "SGLang log";
    ++counts.lines;
    return true;
}

bool take_trtllm_stats(const LogLine& line, DraftCounts& counts) {
    if (!behind(line, "\"specDecodingStats\"")) return false;
    const auto begin         = line.text.find('{');
    const nlohmann::json row = begin == line.text.npos
                                   ? nlohmann::json()
                                   : nlohmann::json::parse(line.text.substr(begin), nullptr, false);
    if (!row.is_object()) line.fail("no whole JSON object: cut off?");
    const auto stats = row.find("specDecodingStats");
    if (stats == row.end() || !stats->is_object()) return true;  // null while nothing is drafted
    const double drafted = stat(line, *stats, "numDraftTokens");
    if (drafted == 0) return true;
    const double requests = stat(line, *stats, "numRequestsWithDraftTokens"),
                 kept     = stat(line, *stats, "numAcceptedTokens");
    if (requests <= 0) line.fail("drafted tokens without a request");
    if (kept > drafted)
        line.fail(fmt::format("{} of {} drafted tokens accepted; a rate above 1", kept, drafted));
    counts.drafts += requests;
    counts.accepted_total += kept;
    counts.depth  = std::max(counts.depth, static_cast<int>(drafted / requests + 0.5));
    counts.engine = "TensorRT-LLM iteration statistics";
    ++counts.lines;
    return true;
}

}  // namespace isobath
