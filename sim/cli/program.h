/// Other programs of ours, which lie beside this one or on the PATH.
#pragma once

#include <string>
#include <vector>

namespace isobath::cli {

/// Where `name` is: in the folder of this program, else on the PATH; empty if nowhere.
std::string find_program(const std::string& name);

/// Replaces this process by `path` with `words`. Returns only by throwing std::runtime_error.
[[noreturn]] void become_program(const std::string& path, const std::vector<std::string>& words);

}  // namespace isobath::cli
