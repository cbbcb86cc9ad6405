/// A unit as the options of the server that runs it, and back: one table of options for each engine.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario.h"

namespace isobath {

enum class LaunchRole : std::uint8_t { aggregated, prefill, decode };
enum class LaunchEngine : std::uint8_t { sglang, vllm, tensorrt_llm };
std::string_view name_of(LaunchEngine);

/// What a server's options say of a unit.
struct LaunchUnit {
    LaunchRole role = LaunchRole::aggregated;
    std::string model;  ///< as the checkpoint is called: "deepseek-ai/DeepSeek-V3"
    Layout layout;
    bool fp8_cache = false;
    int drafts     = 0;              ///< tokens that MTP drafts in a step; 0: none
    int chunk = 0, max_running = 0;  ///< tokens, requests on all attention ranks; 0: not said
    double memory_fraction = 0;      ///< 0: not said

    int gpus() const { return layout.attention_tp * layout.attention_dp * layout.attention_cp * layout.pp; }
};

/// The launch line of an engine (of TensorRT-LLM: `trtllm-serve` and the YAML file that it reads), with what
/// the unit asks for and no option says.
struct Launch {
    std::string text;
    std::vector<std::string> unsaid;
};
Launch launch_of(LaunchEngine engine, const LaunchUnit& unit);

/// What a launch line says, as changes of a scenario, with the words that no field of a scenario stands for.
struct FromLaunch {
    LaunchEngine engine = LaunchEngine::sglang;
    LaunchUnit unit;
    std::vector<std::string> unread;
};

/// Reads "python -m sglang.launch_server ...", "vllm serve ..." or "trtllm-serve ...". Throws SpecError where
/// the program is not known or a value is not what its option takes.
FromLaunch read_launch(const std::string& line);

/// The unit as the fields of a scenario: model, cluster size, layout, cache, speculation, chunk, engine.
nlohmann::json scenario_of(const FromLaunch& launch);

}  // namespace isobath
