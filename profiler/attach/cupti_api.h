/// CUPTI as the library that is loaded into other programs finds it.
#pragma once

#include <string>

#include "profiler/attach/cupti_functions.h"

namespace isobath::attach {

struct CuptiApi : CuptiFunctions {
    std::string why_not;  ///< not empty where it could not be had
};

/// One that the program has loaded already (PyTorch brings its own), else the newest that is installed.
CuptiApi load_cupti();

}  // namespace isobath::attach
