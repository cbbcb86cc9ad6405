/// cublasLt's functions, opened when needed, and owners for its descriptors.
#pragma once

#include <memory>
#include <string>

#include <cublasLt.h>

#include "profiler/library.h"

namespace isobath {

struct CublasLt {
    Library library;
    decltype(&cublasLtCreate) create                               = nullptr;
    decltype(&cublasLtGetVersion) version                          = nullptr;
    decltype(&cublasLtMatmul) matmul                               = nullptr;
    decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic            = nullptr;
    decltype(&cublasLtMatmulDescCreate) desc_create                = nullptr;
    decltype(&cublasLtMatmulDescDestroy) desc_destroy              = nullptr;
    decltype(&cublasLtMatmulDescSetAttribute) desc_set             = nullptr;
    decltype(&cublasLtMatrixLayoutCreate) layout_create            = nullptr;
    decltype(&cublasLtMatrixLayoutDestroy) layout_destroy          = nullptr;
    decltype(&cublasLtMatrixLayoutSetAttribute) layout_set         = nullptr;
    decltype(&cublasLtMatmulPreferenceCreate) preference_create    = nullptr;
    decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy  = nullptr;
    decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set = nullptr;
    decltype(&cublasLtGetStatusString) status_text                 = nullptr;
    cublasLtHandle_t handle                                        = nullptr;

    /// Opens the library and a handle on the current device. Where it fails, why_not says why.
    CublasLt();
    std::string why_not;
    std::string version_text() const;  ///< "13.1.0"

    /// Throws NotMeasurable "cublasLtMatmul: not supported".
    void check(cublasStatus_t status, const char* call) const;
};

/// The one of the whole program, opened at the first call.
const CublasLt& cublaslt();

using Descriptor = std::unique_ptr<cublasLtMatmulDescOpaque_t, void (*)(cublasLtMatmulDesc_t)>;
using Layout     = std::unique_ptr<cublasLtMatrixLayoutOpaque_t, void (*)(cublasLtMatrixLayout_t)>;
using Preference = std::unique_ptr<cublasLtMatmulPreferenceOpaque_t, void (*)(cublasLtMatmulPreference_t)>;

Descriptor make_descriptor();  ///< FP32 accumulation and scale
Layout make_layout(cudaDataType type, std::uint64_t rows, std::uint64_t columns, std::int64_t leading);
Preference make_preference(std::size_t workspace_bytes);

template <class Value>
void set(const Descriptor& descriptor, cublasLtMatmulDescAttributes_t attribute, const Value& value) {
    cublaslt().check(cublaslt().desc_set(descriptor.get(), attribute, &value, sizeof value),
                     "cublasLtMatmulDescSetAttribute");
}

template <class Value>
void set(const Layout& layout, cublasLtMatrixLayoutAttribute_t attribute, const Value& value) {
    cublaslt().check(cublaslt().layout_set(layout.get(), attribute, &value, sizeof value),
                     "cublasLtMatrixLayoutSetAttribute");
}

}  // namespace isobath
