#include "profiler/gpu/cupti.h"

#include <cstdlib>
#include <mutex>
#include <utility>

#include "profiler/attach/cupti_functions.h"
#include "profiler/gpu/activity_records.h"

namespace isobath {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

struct Cupti : CuptiFunctions {
    std::string why_not;

    Cupti() {
        FunctionFinder find = cupti_library().finder();
        find_all(find);
        why_not = cupti_library().why_not(find);
    }
};

const Cupti& cupti() {
    static const Cupti functions;
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
    return what + (": " + cupti().text_of(result));
}

/// Once for the whole program, as CUPTI asks.
std::string set_up() {
    if (!cupti().why_not.empty()) return cupti().why_not;
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
