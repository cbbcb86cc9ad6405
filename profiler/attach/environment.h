/// What `isobath-calibrate attach` asks of the library that it has loaded into other programs.
#pragma once

#include <map>
#include <string>

namespace isobath::attach {

/// Passed on in the environment, so that a program's own children hear of it too.
struct Wishes {
    std::string out  = "attach.kernels.json";  ///< every process writes OUT.PID
    bool ranges_only = false;
    double steps     = 0;  ///< of the model in one recording; 0: not known

    std::string file_of(int pid) const { return out + "." + std::to_string(pid); }
    bool operator==(const Wishes&) const = default;
};

Wishes read_wishes();
/// The variables that carry the wishes and make CUDA and NVTX load `library`.
std::map<std::string, std::string> environment_of(const Wishes& wishes, const std::string& library);

}  // namespace isobath::attach
