/// The table of options: what each engine calls a property of a unit.
#pragma once

#include <span>

#include "sim/launch/launch.h"

namespace isobath {

/// One option. `write` gives its value, nothing where it need not be said; `read` takes a value, false where
/// it is none that the option knows. A switch has no value.
struct LaunchOption {
    std::string_view name;                   ///< "--tp-size"
    std::span<const std::string_view> also;  ///< other spellings: "--tp"
    bool is_switch = false;
    std::optional<std::string> (*write)(const LaunchUnit&);
    bool (*read)(LaunchUnit&, const std::string& value);
};

/// Names checked against the engines' documents: docs.sglang.io (server arguments, expert parallelism) and
/// SGLang's own tests; docs.vllm.ai 0.12 and 0.14 (parallel configuration, expert parallel deployment);
/// TensorRT-LLM 1.2 to 1.4 example configurations.
std::span<const LaunchOption> launch_options(LaunchEngine engine);

/// A whole number from 0 to 10 million.
std::optional<int> launch_number(const std::string& text);

}  // namespace isobath
