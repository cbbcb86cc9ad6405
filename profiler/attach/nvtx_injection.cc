// NVTX calls InitializeInjectionNvtx2 of the library that NVTX_INJECTION64_PATH names, once for each shared
// library that was built with NVTX, and takes our functions for its own from then on.
#include <cstring>
#include <string>

#include <nvtx3/nvToolsExt.h>

#include "profiler/attach/thread_ranges.h"

namespace isobath::attach {
namespace {

/// Handles that we give out: texts that live as long as the program.
struct Text {
    std::string text;
};

const std::string& text_of(const void* handle) {
    static const std::string& none = *new std::string;
    return handle ? static_cast<const Text*>(handle)->text : none;
}

std::string_view message_of(const nvtxEventAttributes_t* event) {
    if (!event) return {};
    const bool registered = event->messageType == NVTX_MESSAGE_TYPE_REGISTERED;
    if (registered) return text_of(event->message.registered);
    const bool ascii = event->messageType == NVTX_MESSAGE_TYPE_ASCII && event->message.ascii;
    return ascii ? event->message.ascii : std::string_view{};
}

int NVTX_API push_a(const char* message) {
    return push_range(nullptr, {}, message ? message : "");
}
int NVTX_API push_w(const wchar_t*) {
    return push_range(nullptr, {}, {});
}
int NVTX_API push_ex(const nvtxEventAttributes_t* event) {
    return push_range(nullptr, {}, message_of(event));
}
int NVTX_API pop() {
    return pop_range(nullptr);
}
int NVTX_API domain_push_ex(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* event) {
    return push_range(domain, text_of(domain), message_of(event));
}
int NVTX_API domain_pop(nvtxDomainHandle_t domain) {
    return pop_range(domain);
}
nvtxStringHandle_t NVTX_API register_a(nvtxDomainHandle_t, const char* text) {
    return reinterpret_cast<nvtxStringHandle_t>(new Text{text ? text : ""});
}
nvtxDomainHandle_t NVTX_API create_a(const char* name) {
    return reinterpret_cast<nvtxDomainHandle_t>(new Text{name ? name : ""});
}

/// The places of one of NVTX's tables.
class Table {
  public:
    Table(const NvtxExportTableCallbacks& callbacks, NvtxCallbackModule module) {
        if (!callbacks.GetModuleFunctionTable(module, &places_, &size_)) size_ = 0;
    }
    template <class Function>
    void set(unsigned index, Function function) {
        if (index < size_ && places_[index])
            *places_[index] = reinterpret_cast<NvtxFunctionPointer>(function);
    }

  private:
    NvtxFunctionTable places_ = nullptr;
    unsigned size_            = 0;
};

void take_over(const NvtxExportTableCallbacks& callbacks) {
    Table core(callbacks, NVTX_CB_MODULE_CORE);
    core.set(NVTX_CBID_CORE_RangePushA, push_a);
    core.set(NVTX_CBID_CORE_RangePushW, push_w);
    core.set(NVTX_CBID_CORE_RangePushEx, push_ex);
    core.set(NVTX_CBID_CORE_RangePop, pop);
    Table domains(callbacks, NVTX_CB_MODULE_CORE2);
    domains.set(NVTX_CBID_CORE2_DomainRangePushEx, domain_push_ex);
    domains.set(NVTX_CBID_CORE2_DomainRangePop, domain_pop);
    domains.set(NVTX_CBID_CORE2_DomainRegisterStringA, register_a);
    domains.set(NVTX_CBID_CORE2_DomainCreateA, create_a);
}

}  // namespace
}  // namespace isobath::attach

extern "C" __attribute__((visibility("default"))) int InitializeInjectionNvtx2(
    NvtxGetExportTableFunc_t get_table) {
    const auto* callbacks = static_cast<const NvtxExportTableCallbacks*>(get_table(NVTX_ETID_CALLBACKS));
    if (!callbacks || callbacks->struct_size < sizeof(NvtxExportTableCallbacks)) return 0;
    isobath::attach::take_over(*callbacks);
    return 1;
}
