#include "profiler/gpu/cupti.h"

#include <cstdlib>
#include <mutex>
#include <utility>

#include <cupti.h>

#include "profiler/gpu/activity_records.h"

namespace isobath {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

struct Functions {
    decltype(&cuptiActivityEnable) enable                        = nullptr;
    decltype(&cuptiActivityDisable) disable                      = nullptr;
    decltype(&cuptiActivityRegisterCallbacks) register_callbacks = nullptr;
    decltype(&cuptiActivityFlushAll) flush                       = nullptr;
    decltype(&cuptiActivityGetNextRecord) next                   = nullptr;
    decltype(&cuptiGetVersion) version                           = nullptr;
    decltype(&cuptiGetResultString) text                         = nullptr;

    Functions() {
        const Library& library = cupti_library();
        library.bind(enable, "cuptiActivityEnable");
        library.bind(disable, "cuptiActivityDisable");
        library.bind(register_callbacks, "cuptiActivityRegisterCallbacks");
        library.bind(flush, "cuptiActivityFlushAll");
        library.bind(next, "cuptiActivityGetNextRecord");
        library.bind(version, "cuptiGetVersion");
        library.bind(text, "cuptiGetResultString");
    }
    bool complete() const {
        return enable && disable && register_callbacks && flush && next && version && text;
    }
};

const Functions& cupti() {
    static const Functions functions;
    return functions;
}

/// What the callbacks, which CUPTI may call from a thread of its own, have gathered.
struct Gathered {
    std::mutex mutex;
    std::vector<KernelActivity> kernels;
};

Gathered& gathered() {
    static Gathered all;
    return all;
}

void CUPTIAPI buffer_requested(std::uint8_t** buffer, std::size_t* size, std::size_t* most_records) {
    *buffer       = static_cast<std::uint8_t*>(std::aligned_alloc(8, kBufferBytes));
    *size         = *buffer == nullptr ? 0 : kBufferBytes;
    *most_records = 0;  // as many as fit
}

int next_record(std::uint8_t* buffer, std::size_t valid_bytes, void** record) {
    return cupti().next(buffer, valid_bytes, reinterpret_cast<CUpti_Activity**>(record));
}

void CUPTIAPI buffer_completed(CUcontext, std::uint32_t, std::uint8_t* buffer, std::size_t,
                               std::size_t valid_bytes) {
    auto kernels = kernels_in(buffer, valid_bytes, next_record);
    std::free(buffer);
    const std::lock_guard lock(gathered().mutex);
    auto& all = gathered().kernels;
    all.insert(all.end(), std::make_move_iterator(kernels.begin()), std::make_move_iterator(kernels.end()));
}

std::string failure(const char* what, CUptiResult result) {
    const char* text = nullptr;
    cupti().text(result, &text);
    return std::string(what) + ": " + (text == nullptr ? "unknown error" : text);
}

/// Once for the whole program, as CUPTI asks.
std::string set_up() {
    if (!cupti_library()) return cupti_library().why_not();
    if (!cupti().complete()) return cupti_library().path() + " lacks functions of the activity interface";
    const CUptiResult result = cupti().register_callbacks(buffer_requested, buffer_completed);
    return result == CUPTI_SUCCESS ? "" : failure("cuptiActivityRegisterCallbacks", result);
}

}  // namespace

const Library& cupti_library() {
    static const Library library =
        Library::open({{"libcupti.so.13", "libcupti.so.12", "libcupti.so"}, {"cuda_cupti/lib", "cu13/lib"}});
    return library;
}

KernelTrace::KernelTrace() {
    static const std::string problem = set_up();
    why_not_                         = problem;
    if (!why_not_.empty()) return;
    const CUptiResult result = cupti().enable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
    if (result != CUPTI_SUCCESS) why_not_ = failure("cuptiActivityEnable", result);
}

KernelTrace::~KernelTrace() {
    if (!why_not_.empty()) return;
    cupti().disable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
    collected();
}

std::vector<KernelActivity> KernelTrace::collected() {
    if (!why_not_.empty()) return {};
    cupti().flush(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
    const std::lock_guard lock(gathered().mutex);
    return std::exchange(gathered().kernels, {});
}

std::string KernelTrace::version() {
    std::uint32_t version = 0;
    return cupti().version != nullptr && cupti().version(&version) == CUPTI_SUCCESS ? std::to_string(version)
                                                                                    : "";
}

}  // namespace isobath
