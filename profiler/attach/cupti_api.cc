#include "profiler/attach/cupti_api.h"

#include <dlfcn.h>

namespace isobath::attach {
namespace {

constexpr const char* kNames[] = {"libcupti.so.13", "libcupti.so.12", "libcupti.so",
                                  "/usr/local/cuda/lib64/libcupti.so",
                                  "/usr/local/cuda/extras/CUPTI/lib64/libcupti.so"};

void* open_cupti() {
    for (const int extra : {RTLD_NOLOAD, 0})
        for (const char* name : kNames)
            if (void* library = dlopen(name, RTLD_LAZY | RTLD_LOCAL | extra)) return library;
    return nullptr;
}

template <class Function>
void find(void* library, const char* name, Function& function, std::string& why_not) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    if (!function) why_not = std::string("libcupti has no ") + name;
}

}  // namespace

std::string CuptiApi::text_of(CUptiResult result) const {
    const char* text = nullptr;
    if (result_string) result_string(result, &text);
    return text ? text : "error " + std::to_string(result);
}

CuptiApi load_cupti() {
    CuptiApi api;
    void* library = open_cupti();
    if (!library) {
        api.why_not = "libcupti was not found; put its folder into LD_LIBRARY_PATH";
        return api;
    }
    find(library, "cuptiActivityRegisterCallbacks", api.register_callbacks, api.why_not);
    find(library, "cuptiActivityEnable", api.enable, api.why_not);
    find(library, "cuptiActivityFlushAll", api.flush, api.why_not);
    find(library, "cuptiActivityGetNextRecord", api.next, api.why_not);
    find(library, "cuptiActivityGetNumDroppedRecords", api.dropped, api.why_not);
    find(library, "cuptiSubscribe", api.subscribe, api.why_not);
    find(library, "cuptiEnableCallback", api.enable_callback, api.why_not);
    find(library, "cuptiGetVersion", api.version, api.why_not);
    find(library, "cuptiGetResultString", api.result_string, api.why_not);
    return api;
}

}  // namespace isobath::attach
