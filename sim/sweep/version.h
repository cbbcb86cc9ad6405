/// The version of the program, as results carry it.
#pragma once

#include <string_view>

namespace isobath::sweep {

std::string_view version();

}  // namespace isobath::sweep
