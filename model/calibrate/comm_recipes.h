/// Communication presets that are fitted: from which tables, on what base.
#pragma once

#include <string>
#include <vector>

namespace isobath {

struct CommRecipe {
    std::string name, title;
    std::string extends;  ///< the preset whose other sections it keeps
    std::string family;   ///< of silicon tables: "nccl", "all_reduce", "deepep"
    std::string source;
    std::vector<std::string> gpus;
};

/// Throws SpecError that lists those that exist.
const CommRecipe& comm_recipe(const std::string& name);

}  // namespace isobath
