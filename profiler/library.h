/// Shared libraries that are opened when needed, so that the program starts where they are missing.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "profiler/function_finder.h"

namespace isobath {

/// What is looked for: names in order of preference, and the folders that may hold it below the Python
/// package `nvidia`, which PyTorch brings along ("cublas/lib"; "cu13/lib" since CUDA 13).
struct LibraryNames {
    std::vector<std::string> names, python_folders;
};

using Environment = std::function<std::string(const std::string& name)>;  ///< empty: not set
Environment process_environment();

/// Where a library may lie, in order: each folder of ISOBATH_CUDA_LIBS (and below it those that Python
/// packages have), then the plain name, which the loader looks up in LD_LIBRARY_PATH and its own cache, then
/// the toolkit in /usr/local/cuda.
std::vector<std::string> library_candidates(const LibraryNames& library, const Environment& environment);

/// An open shared library; it stays open until the program ends, since what it returned may outlive this.
class Library {
  public:
    Library() = default;
    /// Opens the first candidate that loads. If none does, it is empty and why_not() says what was tried.
    static Library open(const LibraryNames& library, const Environment& environment = process_environment());

    explicit operator bool() const { return handle_ != nullptr; }
    const std::string& path() const { return path_; }
    const std::string& why_not() const { return why_not_; }

    /// The function of that name; null if the library has none.
    void* symbol(const char* name) const;
    FunctionFinder finder() const {
        return FunctionFinder([this](const char* name) { return symbol(name); });
    }
    /// Why what was looked for cannot be called; empty: it can.
    std::string why_not(const FunctionFinder& found) const;
    template <class Function>
    void bind(Function*& function, const char* name) const {
        function = reinterpret_cast<Function*>(symbol(name));
    }

  private:
    void* handle_ = nullptr;
    std::string path_, why_not_;
};

}  // namespace isobath
