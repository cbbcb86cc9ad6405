/// A kernel's name as its author wrote it.
#pragma once

#include <string>

namespace isobath::attach {

/// The demangled name; `mangled` itself where it is not a C++ name.
std::string demangled(const char* mangled);

}  // namespace isobath::attach
