#include "sim/served/bench_files.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

using nlohmann::json;

double number(const json& j, const char* key) {
    const auto found = j.find(key);
    return found != j.end() && found->is_number() ? found->get<double>() : 0;
}

/// AIPerf: {"time_to_first_token": {"avg": 211, "unit": "ms"}}.
double average(const json& j, const char* key) {
    const auto found = j.find(key);
    return found != j.end() && found->is_object() ? number(*found, "avg") : 0;
}

Seconds milliseconds(double ms) {
    return ms * unit::ms;
}

BenchRun aiperf(const json& j, const std::string& file) {
    const json& config = j.contains("input_config") ? j["input_config"] : json::object();
    const json& load   = config.contains("loadgen") ? config["loadgen"] : json::object();
    return {file,
            "AIPerf",
            number(load, "concurrency"),
            average(j, "input_sequence_length"),
            average(j, "output_sequence_length"),
            average(j, "request_count"),
            milliseconds(average(j, "inter_token_latency")),
            milliseconds(average(j, "time_to_first_token"))};
}

/// InferenceX turns milliseconds into seconds and shortens names.
BenchRun inferencex(const json& j, const std::string& file) {
    return {file,
            "InferenceX",
            number(j, "conc"),
            number(j, "isl"),
            number(j, "osl"),
            0,
            number(j, "mean_tpot") * unit::s,
            number(j, "mean_ttft") * unit::s};
}

BenchRun bench_serving(const json& j, const std::string& file) {
    const double done = number(j, "completed");
    const auto mean   = [&](const char* total) { return done > 0 ? number(j, total) / done : 0; };
    return {file,
            j.contains("dataset_name") ? "sglang.bench_serving" : "vllm bench serve",
            number(j, "max_concurrency"),
            mean("total_input_tokens"),
            mean("total_output_tokens"),
            done,
            milliseconds(number(j, "mean_tpot_ms")),
            milliseconds(number(j, "mean_ttft_ms"))};
}

BenchRun run_of(const json& j, const std::string& file) {
    if (!j.is_object()) fail_at(file, "/", "expected an object of benchmark results");
    BenchRun r;
    if (j.contains("time_to_first_token"))
        r = aiperf(j, file);
    else if (j.contains("conc") && j.contains("mean_tpot"))
        r = inferencex(j, file);
    else if (j.contains("mean_tpot_ms"))
        r = bench_serving(j, file);
    else
        fail_at(file, "/",
                "no benchmark result that Isobath knows; allowed: sglang.bench_serving, vllm bench serve, "
                "AIPerf's "
                "profile_export_aiperf.json, InferenceX");
    if (!(r.concurrency > 0))
        fail_at(file, "/max_concurrency",
                "missing; the run must be a closed loop of so many requests in flight");
    if (r.tpot <= Seconds{} && r.ttft <= Seconds{}) fail_at(file, "/", "neither a mean TPOT nor a mean TTFT");
    return r;
}

/// "Decode batch. #running-req: 64, #token: 90000, ..., gen throughput (token/s): 2500.0, ...".
struct DecodeLines {
    double tokens = 0, time = 0;
    int lines = 0;
};

std::optional<double> number_after(std::string_view line, std::string_view label) {
    const auto at = line.find(label);
    if (at == line.npos) return std::nullopt;
    const char* begin = line.data() + at + label.size();
    double value      = 0;
    const auto wrong  = std::from_chars(begin, line.data() + line.size(), value).ec;
    return wrong == std::errc() && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::vector<BenchRun> server_log(std::string_view text, const std::string& file) {
    std::map<int, DecodeLines> by_running;
    std::istringstream in{std::string(text)};
    for (std::string one; std::getline(in, one);) {
        if (one.find("Decode batch") == one.npos) continue;
        const auto running = number_after(one, "#running-req: "), tokens = number_after(one, "#token: "),
                   rate = number_after(one, "gen throughput (token/s): ");
        if (!running || !tokens || !rate || *running < 1 || *running > 1e6 || !(*rate > 0)) continue;
        DecodeLines& sum = by_running[static_cast<int>(*running)];
        sum.tokens += *tokens / *running;
        sum.time += *running / *rate;
        ++sum.lines;
    }
    std::vector<BenchRun> out;
    for (const auto& [running, sum] : by_running)
        if (sum.lines >= 3)  // the first line of a batch counts what came before it
            out.push_back({file,
                           "server log",
                           double(running),
                           sum.tokens / sum.lines,
                           0,
                           0,
                           sum.time / sum.lines * unit::s,
                           {}});
    return out;
}

}  // namespace

std::vector<BenchRun> read_bench(std::string_view text, const std::string& file) {
    if (text.find("Decode batch") != text.npos && text.find("gen throughput") != text.npos) {
        const auto runs = server_log(text, file);
        if (runs.empty())
            fail_at(file, "/", "a server log without three decode lines at one number of requests");
        return runs;
    }
    std::vector<BenchRun> out;
    const json whole = json::parse(text, nullptr, false, true);
    if (!whole.is_discarded()) {
        if (whole.is_array())
            for (const json& one : whole) out.push_back(run_of(one, file));
        else
            out.push_back(run_of(whole, file));
        return out;
    }
    std::istringstream lines{std::string(text)};
    int n = 0;
    for (std::string line; std::getline(lines, line);) {
        ++n;
        if (line.find_first_not_of(" \t\r") == line.npos) continue;
        out.push_back(run_of(parse_json(line, fmt::format("{}:{}", file, n)), fmt::format("{}:{}", file, n)));
    }
    if (out.empty()) fail_at(file, "/", "empty");
    return out;
}

}  // namespace isobath
