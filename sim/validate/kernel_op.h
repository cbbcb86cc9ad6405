/// Kernels as validation points name them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "hw/calibration.h"
#include "model/op.h"

namespace isobath {

/// {"op": "gemm", "m": 64, "n": 2112, "k": 7168, "format": "fp8-block"}; keys are the fields of the struct in
/// model/op.h. Throws SpecError on an unknown op.
Op kernel_op(const nlohmann::json& in);

/// The same the other way round: kernel_op() of it is `op`.
nlohmann::ordered_json kernel_json(const Op& op);

/// The family of `calibration` that serves the kernel: the one for its format, else the general one.
std::string family_for(const Op& op, const Calibration& calibration);

}  // namespace isobath
