#include "profiler/suites/cublaslt_api.h"

#include "profiler/gpu/bench.h"

namespace isobath {

CublasLt::CublasLt()
    : library(Library::open(
          {{"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"}, {"cublas/lib", "cu13/lib"}})) {
    library.bind(create, "cublasLtCreate");
    library.bind(version, "cublasLtGetVersion");
    library.bind(matmul, "cublasLtMatmul");
    library.bind(heuristic, "cublasLtMatmulAlgoGetHeuristic");
    library.bind(desc_create, "cublasLtMatmulDescCreate");
    library.bind(desc_destroy, "cublasLtMatmulDescDestroy");
    library.bind(desc_set, "cublasLtMatmulDescSetAttribute");
    library.bind(layout_create, "cublasLtMatrixLayoutCreate");
    library.bind(layout_destroy, "cublasLtMatrixLayoutDestroy");
    library.bind(layout_set, "cublasLtMatrixLayoutSetAttribute");
    library.bind(preference_create, "cublasLtMatmulPreferenceCreate");
    library.bind(preference_destroy, "cublasLtMatmulPreferenceDestroy");
    library.bind(preference_set, "cublasLtMatmulPreferenceSetAttribute");
    library.bind(status_text, "cublasLtGetStatusString");
    const bool complete = create && version && matmul && heuristic && desc_create && desc_destroy &&
                          desc_set && layout_create && layout_destroy && layout_set && preference_create &&
                          preference_destroy && preference_set && status_text;
    if (!library)
        why_not = library.why_not();
    else if (!complete)
        why_not = library.path() + " lacks functions";
    else if (const cublasStatus_t status = create(&handle); status != CUBLAS_STATUS_SUCCESS)
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
