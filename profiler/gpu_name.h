/// Which preset a GPU is taken for, by the name that its driver gives it.
#pragma once

#include <string>
#include <string_view>

namespace isobath {

/// "NVIDIA H100 80GB HBM3" is "h100"; empty for a GPU without a preset. An H100 with PCIe or NVL is another
/// machine than the SXM module behind the preset and has none.
std::string gpu_preset_of(std::string_view driver_name);

}  // namespace isobath
