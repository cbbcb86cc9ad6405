/// A communication preset from public tables: the shipped file is exactly this function's output.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "hw/data.h"
#include "model/calibrate/silicon.h"

namespace isobath {

/// Presets that can be fitted: "nccl-2.29.2", "trtllm-allreduce", "deepep-sglang-0.5.12".
std::vector<std::string> fitted_comm_presets();
/// GPUs whose tables a preset is fitted to.
std::vector<std::string> gpus_of_comm_preset(const std::string& name);

/// The text of scenarios/comm/NAME.json. Rows that are held back are judged and never fitted.
///
/// Throws SpecError if the preset is unknown or a GPU has no rows for it.
std::string fit_comm_preset(const std::string& name,
                            const std::map<std::string, std::vector<SiliconTable>>& tables_by_gpu,
                            const DataFiles& data);

}  // namespace isobath
