/// The functions of CUPTI that are used, found when the program runs: no CUPTI, no harm.
#pragma once

#include <string>

#include <cupti.h>

#include "profiler/function_finder.h"

namespace isobath {

struct CuptiFunctions {
    decltype(&cuptiActivityRegisterCallbacks) register_callbacks = nullptr;
    decltype(&cuptiActivityEnable) enable                        = nullptr;
    decltype(&cuptiActivityDisable) disable                      = nullptr;
    decltype(&cuptiActivityFlushAll) flush                       = nullptr;
    decltype(&cuptiActivityGetNextRecord) next                   = nullptr;
    decltype(&cuptiActivityGetNumDroppedRecords) dropped         = nullptr;
    decltype(&cuptiSubscribe) subscribe                          = nullptr;
    decltype(&cuptiEnableCallback) enable_callback               = nullptr;
    decltype(&cuptiGetVersion) version                           = nullptr;
    decltype(&cuptiGetResultString) result_string                = nullptr;

    void find_all(FunctionFinder& find) {
        find(register_callbacks, "cuptiActivityRegisterCallbacks");
        find(enable, "cuptiActivityEnable");
        find(disable, "cuptiActivityDisable");
        find(flush, "cuptiActivityFlushAll");
        find(next, "cuptiActivityGetNextRecord");
        find(dropped, "cuptiActivityGetNumDroppedRecords");
        find(subscribe, "cuptiSubscribe");
        find(enable_callback, "cuptiEnableCallback");
        find(version, "cuptiGetVersion");
        find(result_string, "cuptiGetResultString");
    }

    std::string text_of(CUptiResult result) const {
        const char* text = nullptr;
        if (result_string) result_string(result, &text);
        return text ? text : "error " + std::to_string(result);
    }
};

}  // namespace isobath
