#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "model/acceptance/import_engines.h"

namespace isobath {
namespace {

/// Counts that are sums over a window are whole; rates are printed to 0.001.
constexpr double kRounding = 1.1e-3;

std::vector<double> rates_of(const LogLine& line, std::string_view list) {
    std::vector<double> out;
    for (;;) {
        out.push_back(number_at(line, list, "Per-position acceptance rate"));
        const auto comma = list.find(',');
        if (comma == list.npos) return out;
        list.remove_prefix(comma + 1);
        const auto next = list.find_first_not_of(' ');
        // The list ends where words follow: "0.837, 0.669, Avg Draft acceptance rate: 75.3%".
        if (next == list.npos) line.fail("cut off inside the list of per-position acceptance rates");
        if (list[next] != 'n' && list[next] != 'N' && list[next] != '-' &&
            !std::isdigit(static_cast<unsigned char>(list[next])))
            return out;
    }
}

/// A window without a single draft prints nan throughout.
bool idle(const LogLine& line) {
    const auto drafted = behind(line, "Drafted: ");
    return drafted && drafted->starts_with("0 tokens");
}

/// "vllm:spec_decode_num_drafts_total{...} 12": the series (name and labels) and its value.
bool take(const LogLine& line, std::string_view name, std::map<std::string, double>& into) {
    if (!line.text.starts_with(name)) return false;
    const std::string_view rest = line.text.substr(name.size());
    const auto labels           = rest.starts_with("_total") ? rest.substr(6) : rest;
    if (!labels.starts_with("{") && !labels.starts_with(" ")) return false;
    const auto space = line.text.rfind("} ");
    const auto value =
        space == line.text.npos ? line.text.substr(line.text.find(' ') + 1) : line.text.substr(space + 2);
    if (labels.starts_with("{") && space == line.text.npos) line.fail("cut off inside the labels");
    const double number = number_at(line, value, name);
    if (number < 0) line.fail(fmt::format("{} is {}, a counter below 0", name, number));
    into[std::string(line.text.substr(0, line.text.size() - value.size()))] = number;
    return true;
}

double total(const std::map<std::string, double>& series) {
    double sum = 0;
    for (const auto& [name, value] : series) sum += value;
    return sum;
}

int position_of(const LogLine& line) {
    const auto at = behind(line, "position=\"");
    if (!at) line.fail("no position among the labels");
    const double position = number_at(line, *at, "position");
    if (position < 0 || position > 63 || position != static_cast<int>(position))
        line.fail("the position is no whole number from 0 to 63");
    return static_cast<int>(position);
}

}  // namespace

void check_rates(const LogLine& line, const std::vector<double>& rates) {
    double last = 1;
    for (const double rate : rates) {
        if (rate < 0 || rate > 1) line.fail(fmt::format("an acceptance rate of {}; allowed: 0 to 1", rate));
        if (rate > last + kRounding)
            line.fail(
                fmt::format("acceptance rises with depth, {} after {}: these are not rates of a whole prefix",
                            rate, last));
        last = rate;
    }
}

bool take_vllm_log(const LogLine& line, DraftCounts& counts) {
    if (!behind(line, "SpecDecoding metrics:")) return false;
    if (idle(line)) return true;
    const auto list = behind(line, "Per-position acceptance rate: ");
    if (!list)
        line.fail(
            "SpecDecoding metrics without per-position acceptance rates: cut off, or an unknown version");
    const std::vector<double> rates = rates_of(line, *list);
    check_rates(line, rates);
    const auto drafted = number_behind(line, "Drafted: ");
    if (drafted && *drafted < 0) line.fail("fewer than 0 drafted tokens");
    const double drafts = drafted ? *drafted / double(rates.size()) : 1;
    if (!drafted) counts.counted = false;
    if (counts.accepted.size() > rates.size())
        line.fail("fewer positions than lines before; one file, one setting");
    if (!counts.accepted.empty() && counts.accepted.size() < rates.size())
        line.fail("more positions than lines before; one file, one setting");
    counts.accepted.resize(rates.size(), 0);
    counts.drafts += drafts;
    for (std::size_t i = 0; i < rates.size(); ++i) counts.accepted[i] += drafts * rates[i];
    counts.engine = "vLLM log";
    ++counts.lines;
    return true;
}

bool take_vllm_metric(const LogLine& line, Scrape& scrape) {
    if (!line.text.starts_with("vllm:spec_decode_num_")) return false;
    scrape.line = line.number;
    if (line.text.find("_created") != line.text.npos) return true;
    if (line.text.starts_with("vllm:spec_decode_num_accepted_tokens_per_pos")) {
        std::map<std::string, double> one;
        if (!take(line, "vllm:spec_decode_num_accepted_tokens_per_pos", one)) return false;
        for (const auto& [series, value] : one) {
            scrape.per_position[series] = value;
            scrape.position[series]     = position_of(line);
        }
        return true;
    }
    return take(line, "vllm:spec_decode_num_drafts", scrape.drafts) ||
           take(line, "vllm:spec_decode_num_draft_tokens", scrape.drafted) ||
           take(line, "vllm:spec_decode_num_accepted_tokens", scrape.accepted);
}

void close_scrape(const Scrape& scrape, const std::string& shown, DraftCounts& counts) {
    const LogLine last{"", scrape.line, &shown};
    counts.drafts = total(scrape.drafts);
    counts.engine = "vLLM metrics";
    counts.lines  = 1;
    if (counts.drafts <= 0) last.fail("vllm:spec_decode_num_drafts is missing or 0");
    std::map<int, double> by_position;
    for (const auto& [series, value] : scrape.per_position) by_position[scrape.position.at(series)] += value;
    std::vector<double> rates;
    for (const auto& [position, value] : by_position) {
        if (position != static_cast<int>(counts.accepted.size()))
            last.fail(fmt::format("position {} of vllm:spec_decode_num_accepted_tokens_per_pos is missing",
                                  counts.accepted.size()));
        counts.accepted.push_back(value);
        rates.push_back(value / counts.drafts);
    }
    check_rates(last, rates);
    counts.accepted_total = total(scrape.accepted);
    counts.depth          = static_cast<int>(total(scrape.drafted) / counts.drafts + 0.5);
    if (counts.accepted.empty() && scrape.accepted.empty()) last.fail("no counter of accepted tokens");
}

}  // namespace isobath
