/// Any bytes either are a scenario, whose step then has a time, or are refused with a SpecError of readable
/// length; nothing else may happen.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>
#include <vector>

#include "hw/data.h"
#include "hw/gpu.h"
#include "hw/measurements.h"
#include "hw/spec_reader.h"
#include "model/acceptance/import_log.h"
#include "model/balance/load_file.h"
#include "sim/run_result.h"
#include "sim/scenario_reader.h"
#include "sim/serve/sources/trace_source.h"

namespace {

constexpr std::size_t kReadableLength = 2000;

/// Runs a reader; a SpecError is an answer.
template <class Read>
void answered(Read read) {
    try {
        read();
    } catch (const isobath::SpecError& e) {
        if (std::string_view(e.what()).size() > kReadableLength) std::abort();
    }
}

/// What reads must evaluate, to a time that is a number, and print.
void evaluated(const isobath::Scenario& scenario, const isobath::DataFiles& data) {
    const isobath::RunResult result = isobath::run_scenario(scenario, data);
    const double step               = result.times.step.in(isobath::unit::s);
    if (!(step >= 0) || isobath::to_text(result, false).empty()) std::abort();
    isobath::to_json(result).dump(-1, ' ', true);
    isobath::to_trace(result);
}

/// A trace's requests come in order and have tokens, whether or not bad lines are skipped.
void replayed(std::string_view text, bool skip_bad) {
    isobath::TraceSource source(std::make_unique<std::istringstream>(std::string(text)), "fuzz.csv",
                                {.speed = 0.5, .repeat = 2, .skip_bad = skip_bad});
    isobath::Ticks last = 0;
    for (isobath::Request r; source.next(r); last = r.arrival)
        if (r.arrival < last || r.prompt < 1 || r.answer < 1 || r.cached > r.prompt) std::abort();
}

/// Each line as a `--set` of a built-in scenario: most bytes are no JSON, but few overrides are no scenario.
void overridden(std::string_view text, const isobath::DataFiles& data) {
    static const std::string base = data.find("scenarios/deepseek-v3-decode-ep128-h800.json").value();
    std::vector<isobath::Override> overrides;
    for (std::size_t end; !text.empty() && overrides.size() < 16;
         text.remove_prefix(std::min(end + 1, text.size()))) {
        end = std::min(text.find('\n'), text.size());
        overrides.push_back(isobath::parse_override(std::string(text.substr(0, end))));
    }
    evaluated(isobath::read_scenario(base, "base.json", data, overrides), data);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const isobath::DataFiles data;
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    answered([&] { evaluated(isobath::read_scenario(text, "fuzz.json", data), data); });
    answered([&] { overridden(text, data); });
    answered([&] { isobath::read_expert_load(text, "fuzz.json"); });
    answered([&] { isobath::read_measurements(text, "fuzz.jsonl"); });
    answered([&] { isobath::read_draft_counts(text, "fuzz.log"); });
    answered([&] { replayed(text, false); });
    answered([&] { replayed(text, true); });
    answered([&] { isobath::read_gpu(isobath::parse_json(text, "fuzz.json"), "fuzz", "fuzz.json"); });
    return 0;
}
