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

}  // namespace

CuptiApi load_cupti() {
    CuptiApi api;
    void* library = open_cupti();
    if (!library) {
        api.why_not = "libcupti was not found; put its folder into LD_LIBRARY_PATH";
        return api;
    }
    FunctionFinder find([library](const char* name) { return dlsym(library, name); });
    api.find_all(find);
    if (!find.missing().empty()) api.why_not = "libcupti has no " + find.missing();
    return api;
}

}  // namespace isobath::attach
