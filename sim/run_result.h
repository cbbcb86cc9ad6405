/// The answer to `isobath run`: one step with its reasons, memory, throughput and cost.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/memory.h"
#include "sim/fit_advice.h"
#include "sim/rates.h"
#include "sim/served/served.h"
#include "sim/step.h"

namespace isobath {

struct Range {
    Seconds low, high;
};

/// What stands before a kernel's name where a draft runs it on rows of its own.
inline constexpr const char *kFirstDraft = "draft ", *kLaterDraft = "later draft ";

/// One kernel or transfer of the step, with how often one GPU runs it.
struct OpRow {
    std::string name;
    const char* layer_kind = "";  ///< "moe", "dense", "ends", "mtp"
    const char* stream     = "";  ///< "compute", "comm", "network"
    double count           = 0;
    Estimate time;  ///< of one run, alone on the GPU
    Work work;
    Bound bound              = Bound::latency;
    std::optional<Op> kernel = {};  ///< nothing for a transfer
};

struct FamilyShare {
    Family family;
    Seconds down, up;  ///< what the step loses or gains when the family sits at the ends of its interval
};

struct RunResult : Rates {
    Scenario scenario;
    StepInput input;
    StepTimes times;
    Range step_range, layer_range, layers_range;
    std::array<Range, kLayerPartCount> part_ranges;
    std::vector<FamilyShare> sensitivity;
    std::vector<OpRow> ops;
    MemoryUse memory;
    bool fits = true;
    FitAdvice advice;  ///< where it does not fit
    ExchangeCost exchange;
    bool exchanges = false;
    StepWorkspace work;                  ///< the last timeline, for traces and pictures
    std::optional<ServedResult> served;  ///< of a serve scenario: the rest is its decode step
    Scenario asked;                      ///< as the user wrote it; `scenario` is one unit's phase of it
};

/// Evaluates the scenario at its own workload; a `serve` scenario in closed form, with the
/// decode step of its steady state. Throws SpecError for training, which has a command of its own.
RunResult run_scenario(const Scenario& scenario, const DataFiles& data);

/// The scenario of the step that run_scenario() reports: `scenario` itself, or the decode unit of a server in
/// its steady state.
Scenario step_of(const Scenario& scenario, const DataFiles& data);

nlohmann::json to_json(const RunResult& result);

/// The table for people: `width` columns at most, colour only if asked for.
std::string to_text(const RunResult& result, bool colour);

/// Chrome/Perfetto trace of the planned layers, each stage expanded into its kernels.
std::string to_trace(const RunResult& result);

}  // namespace isobath
