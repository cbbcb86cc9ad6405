#include "profiler/suites/cublaslt_api.h"

#include "profiler/gpu/bench.h"

namespace isobath {

CublasLt::CublasLt()
    : library(Library::open(
          {{"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"}, {"cublas/lib", "cu13/lib"}})) {
    FunctionFinder find = library.finder();
    find(create, "cublasLtCreate");
    find(version, "cublasLtGetVersion");
    find(matmul, "cublasLtMatmul");
    find(heuristic, "cublasLtMatmulAlgoGetHeuristic");
    find(desc_create, "cublasLtMatmulDescCreate");
    find(desc_destroy, "cublasLtMatmulDescDestroy");
    find(desc_set, "cublasLtMatmulDescSetAttribute");
    find(layout_create, "cublasLtMatrixLayoutCreate");
    find(layout_destroy, "cublasLtMatrixLayoutDestroy");
    find(layout_set, "cublasLtMatrixLayoutSetAttribute");
    find(preference_create, "cublasLtMatmulPreferenceCreate");
    find(preference_destroy, "cublasLtMatmulPreferenceDestroy");
    find(preference_set, "cublasLtMatmulPreferenceSetAttribute");
    find(status_text, "cublasLtGetStatusString");
    why_not = library.why_not(find);
    if (!why_not.empty()) return;
    if (const cublasStatus_t status = create(&handle); status != CUBLAS_STATUS_SUCCESS)
        why_not = std::string("cublasLtCreate: ") + status_text(status);
}

std::string CublasLt::version_text() const {
    const std::size_t v = version == nullptr ? 0 : version();
    return std::to_string(v / 10000) + "." + std::to_string(v % 10000 / 100) + "." + std::to_string(v % 100);
}

void CublasLt::check(cublasStatus_t status, const char* call) const {
    if (status != CUBLAS_STATUS_SUCCESS) throw NotMeasurable(std::string(call) + ": " + status_text(status));
}

const CublasLt& cublaslt() {
    static const CublasLt library;
    return library;
}

Descriptor make_descriptor() {
    cublasLtMatmulDesc_t out = nullptr;
    cublaslt().check(cublaslt().desc_create(&out, CUBLAS_COMPUTE_32F, CUDA_R_32F),
                     "cublasLtMatmulDescCreate");
    return {out, [](cublasLtMatmulDesc_t it) { cublaslt().desc_destroy(it); }};
}

Layout make_layout(cudaDataType type, std::uint64_t rows, std::uint64_t columns, std::int64_t leading) {
    cublasLtMatrixLayout_t out = nullptr;
    cublaslt().check(cublaslt().layout_create(&out, type, rows, columns, leading),
                     "cublasLtMatrixLayoutCreate");
    return {out, [](cublasLtMatrixLayout_t it) { cublaslt().layout_destroy(it); }};
}

Preference make_preference(std::size_t workspace_bytes) {
    cublasLtMatmulPreference_t out = nullptr;
    cublaslt().check(cublaslt().preference_create(&out), "cublasLtMatmulPreferenceCreate");
    Preference owned(out, [](cublasLtMatmulPreference_t it) { cublaslt().preference_destroy(it); });
    cublaslt().check(cublaslt().preference_set(out, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                               &workspace_bytes, sizeof workspace_bytes),
                     "cublasLtMatmulPreferenceSetAttribute");
    return owned;
}

}  // namespace isobath
