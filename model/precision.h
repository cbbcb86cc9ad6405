/// Which part of the model is stored and computed in which format.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "hw/dtype.h"
#include "model/arch.h"
#include "model/op.h"

namespace isobath {

struct PrecisionPolicy {
    std::string name  = "bf16", title, source;
    Format gemm       = Format::bf16;    ///< attention projections and dense FFN: weights and activations
    Format moe        = Format::bf16;    ///< routed experts
    Format shared     = Format::bf16;    ///< shared experts
    Format attention  = Format::bf16;    ///< attention core: scores and weighted values
    Format absorbed   = Format::bf16;    ///< W_UK and W_UV folded into q and o
    KvLayout kv_cache = KvLayout::bf16;  ///< grouped attention has no FlashMLA layout
    Format dispatch   = Format::bf16;
    Format combine    = Format::bf16;
    Format router     = Format::bf16;
    Format head       = Format::bf16;
    Format embedding  = Format::bf16;
    Format mtp        = Format::bf16;  ///< every GEMM of an MTP module
};

std::string_view name_of(KvLayout);  ///< "bf16", "fp8", "fp8-flashmla"

/// Reads the components that `json` names over `base`; what it leaves out stays as in `base`.
///
/// Throws SpecError on an unknown key (naming the nearest), an unknown format (listing the known ones),
/// or a format that the component cannot have.
PrecisionPolicy read_precision(const nlohmann::json& json, const std::string& file,
                               const std::string& path = "", const PrecisionPolicy& base = {});

/// The preset `scenarios/precisions/NAME.json`.
PrecisionPolicy load_precision(const DataFiles& data, const std::string& name);

/// Throws SpecError where the policy does not go with the model: FlashMLA's cache without MLA.
void check_precision(const PrecisionPolicy& policy, const ModelSpec& model, const std::string& file,
                     const std::string& path);

}  // namespace isobath
