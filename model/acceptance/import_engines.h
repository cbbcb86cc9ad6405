/// One reader per engine: each takes a line of its own kind and adds it to the counts.
#pragma once

#include <map>

#include "model/acceptance/import_log.h"
#include "model/acceptance/import_text.h"

namespace isobath {

/// Cumulative counters of one scrape, by series; a counter seen again begins the next scrape.
struct Scrape {
    std::map<std::string, double> drafts, drafted, accepted;
    std::map<std::string, double> per_position;  ///< series with its position
    std::map<std::string, int> position;         ///< of each of them
    int line = 0;
};

/// Whether the line was of this kind.
bool take_vllm_log(const LogLine& line, DraftCounts& counts);
bool take_vllm_metric(const LogLine& line, Scrape& scrape);
bool take_sglang_log(const LogLine& line, DraftCounts& counts);
bool take_trtllm_stats(const LogLine& line, DraftCounts& counts);

/// The counters of the last scrape, summed over engines.
void close_scrape(const Scrape& scrape, const std::string& shown, DraftCounts& counts);

/// Throws unless rates are within [0, 1] and never rise.
void check_rates(const LogLine& line, const std::vector<double>& rates);

}  // namespace isobath
