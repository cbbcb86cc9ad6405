#include "profiler/attach/demangle.h"

#include <cstdlib>
#include <memory>

#include <cxxabi.h>

namespace isobath::attach {

std::string demangled(const char* mangled) {
    if (!mangled) return "";
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(mangled, nullptr, nullptr, &status),
                                                      std::free);
    return status == 0 && name ? name.get() : mangled;
}

}  // namespace isobath::attach
