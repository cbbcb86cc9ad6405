/// Which operation of a scenario's step each recorded kernel most likely is: by class, runs per step and
/// time.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hw/recorded_kernels.h"
#include "model/calibrate/classify.h"
#include "sim/run_result.h"

namespace isobath {

/// Kernels of one name, grid and block, over all streams.
struct RecordedLaunch {
    LaunchKey launch;  ///< of one of the streams
    KernelClass what;
    double per_step = 0;  ///< runs
    RecordedTimes times;
};

/// An operation of the plan beside the kernel that was recorded for it.
struct MatchedOp {
    std::string op, layer_kind;
    double per_step = 0;
    Estimate predicted;  ///< of one run
    Seconds measured;    ///< median
    RecordedLaunch launch;
    double share = 0;  ///< of the recording's kernel time
};

struct UnmatchedLaunch {
    RecordedLaunch launch;
    std::string reason;
    double share = 0;
};

struct Attribution {
    std::string scenario;
    double steps       = 0;      ///< that the recording holds
    bool steps_counted = false;  ///< worked out from how often kernels ran; else the recording says so
    Seconds total;
    double matched_share = 0;
    std::vector<MatchedOp> ops;              ///< in the plan's order
    std::vector<UnmatchedLaunch> unmatched;  ///< most time first
    std::vector<std::string> missing;        ///< operations without a kernel
};

/// Kernels and operations of one class and as many runs per step (5 % apart at most) are matched so that
/// their times agree best: in the order of their times, skipping what is more than a factor of 4 off.
/// Where a name tells a product's n and k, they must be the operation's. A kernel may also be two operations
/// of its class that run equally long. Nothing is dropped: what does not match is listed with its share.
Attribution attribute(const RecordedKernels& recorded, const Classifier& classifier, const RunResult& result);

/// The class of kernel that serves an operation: "gemm", "norm", ...
std::string class_of(const std::string& name, const Op& op);

std::string to_text(const Attribution& attribution);
nlohmann::ordered_json to_json(const Attribution& attribution);

}  // namespace isobath
