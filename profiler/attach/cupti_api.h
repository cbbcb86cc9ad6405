/// The functions of CUPTI that are used, found when the program runs: no CUPTI, no harm.
#pragma once

#include <string>

#include <cupti.h>

namespace isobath::attach {

struct CuptiApi {
    decltype(&cuptiActivityRegisterCallbacks) register_callbacks = nullptr;
    decltype(&cuptiActivityEnable) enable                        = nullptr;
    decltype(&cuptiActivityFlushAll) flush                       = nullptr;
    decltype(&cuptiActivityGetNextRecord) next                   = nullptr;
    decltype(&cuptiActivityGetNumDroppedRecords) dropped         = nullptr;
    decltype(&cuptiSubscribe) subscribe                          = nullptr;
    decltype(&cuptiEnableCallback) enable_callback               = nullptr;
    decltype(&cuptiGetVersion) version                           = nullptr;
    decltype(&cuptiGetResultString) result_string                = nullptr;
    std::string why_not;  ///< not empty where it could not be had

    std::string text_of(CUptiResult result) const;
};

/// One that the program has loaded already (PyTorch brings its own), else the newest that is installed.
CuptiApi load_cupti();

}  // namespace isobath::attach
