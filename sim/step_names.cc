#include "sim/step_evaluation.h"

namespace isobath {

Family family_of(const Op& op) {
    struct {
        Family operator()(const Gemm&) const { return Family::gemm; }
        Family operator()(const BatchedGemm&) const { return Family::gemm; }
        Family operator()(const GroupedGemm&) const { return Family::grouped_gemm; }
        Family operator()(const FusedMoe&) const { return Family::grouped_gemm; }
        Family operator()(const MlaDecode&) const { return Family::attention; }
        Family operator()(const FlashPrefill&) const { return Family::attention; }
        Family operator()(const GqaDecode&) const { return Family::attention; }
        Family operator()(const IndexerScore&) const { return Family::attention; }
        Family operator()(const Streaming&) const { return Family::streaming; }
    } const family;
    return std::visit(family, op);
}

std::string_view name_of(Family family) {
    constexpr std::string_view names[kFamilyCount] = {
        "dense GEMM", "expert GEMM", "attention", "small kernels", "network", "launch and contention"};
    return names[at(family)];
}

std::string_view name_of(LayerPart part) {
    constexpr std::string_view names[kLayerPartCount] = {
        "attention_core",  "dense_gemm", "expert_gemm",    "other",
        "launch_gaps",     "dispatch",   "combine",        "dispatch_barrier",
        "combine_barrier", "all_reduce", "compute_bubble", "comm_bubble"};
    return names[at(part)];
}

}  // namespace isobath
