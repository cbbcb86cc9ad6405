#include "profiler/library.h"

#include <cstdlib>

#include <dlfcn.h>

namespace isobath {
namespace {

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(':', at), text.size());
        if (end > at) out.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

}  // namespace

Environment process_environment() {
    return [](const std::string& name) {
        const char* value = std::getenv(name.c_str());
        return std::string(value == nullptr ? "" : value);
    };
}

std::vector<std::string> library_candidates(const LibraryNames& library, const Environment& environment) {
    std::vector<std::string> folders;
    for (const std::string& folder : split(environment("ISOBATH_CUDA_LIBS"))) {
        folders.push_back(folder + "/");
        for (const std::string& below : library.python_folders) folders.push_back(folder + "/" + below + "/");
    }
    folders.insert(folders.end(), {"", "/usr/local/cuda/lib64/", "/usr/local/cuda/extras/CUPTI/lib64/"});
    std::vector<std::string> out;
    for (const std::string& folder : folders)
        for (const std::string& name : library.names) out.push_back(folder + name);
    return out;
}

Library Library::open(const LibraryNames& library, const Environment& environment) {
    Library out;
    for (const std::string& candidate : library_candidates(library, environment)) {
        out.handle_ = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (out.handle_ != nullptr) {
            out.path_ = candidate;
            return out;
        }
    }
    out.why_not_ = library.names.front() + " was not found; ISOBATH_CUDA_LIBS names the folders to look in";
    return out;
}

std::string Library::why_not(const FunctionFinder& found) const {
    return handle_ == nullptr        ? why_not_
           : found.missing().empty() ? ""
                                     : path_ + " has no " + found.missing();
}

void* Library::symbol(const char* name) const {
    return handle_ == nullptr ? nullptr : dlsym(handle_, name);
}

}  // namespace isobath
