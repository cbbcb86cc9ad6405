/// Expert loads that look like measured traffic: few numbers per layer, from which any seed draws a load.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "hw/data.h"
#include "hw/spec_reader.h"
#include "model/balance/expert_load.h"

namespace isobath {

/// What is known of the traffic of one model, over several workloads.
///
/// The share of expert i in a layer is (1 + (i + 1/2) / offset)^-tilt * exp(sigma * z), normed. The first
/// factor is there because experts of DeepSeek-V3 stand in falling order of popularity: its first 32 of 256
/// take 18-26 % of the pairs, the last 32 take 8-10 %. z is standard normal, independent between layers and
/// experts, and correlated between workloads: one engine's experts are liked by another's traffic too, but
/// not as much.
struct LoadPreset {
    struct Workload {
        std::string name;
        std::vector<double> tilt, sigma;  ///< per layer
    };

    std::string source;
    int experts = 0, top_k = 0;
    double offset = 0;
    std::vector<int> layer_ids;
    std::vector<Workload> workloads;
    std::vector<double> correlation;  ///< [workloads x workloads] of z, ones on the diagonal

    int layers() const { return int(layer_ids.size()); }
};

/// Loads scenarios/loads/NAME.json. Throws SpecError naming `asked_at` and the presets there are, or what is
/// wrong in the file.
LoadPreset load_load_preset(const DataFiles& data, const std::string& name,
                            const std::string& asked_file = "load", const std::string& asked_path = "/");

/// Reads a preset; `file` and `path` serve messages.
LoadPreset read_load_preset(SpecReader& in);

/// A load as the preset's `workload` might count it, `tokens` tokens per layer. The same seed gives all
/// workloads the same luck: loads of two workloads and one seed are related as the preset says, so that one
/// can be planned on and the other judged.
///
/// Throws SpecError naming the workloads there are.
ExpertLoad synthesize_load(const LoadPreset& preset, const std::string& workload, std::uint64_t seed,
                           double tokens = 1);

/// The preset that fits counted loads of one model, by name.
///
/// tilt is the slope of the least-squares line of log share over log(1 + (i + 1/2) / offset); sigma makes the
/// log-normal factor have the variation that counts have once the slope is taken out, which heeds the hot
/// experts that a deviation of logarithms underrates; correlation is that of the logarithms, averaged over
/// layers. Experts that count nothing are taken as half a token.
///
/// Throws SpecError unless there is a load and all have the same layers and experts.
LoadPreset fit_load_preset(const std::map<std::string, ExpertLoad>& loads, int top_k, double offset);

/// The file of a preset, its numbers to three places.
std::string to_json_text(const LoadPreset& preset);

}  // namespace isobath
