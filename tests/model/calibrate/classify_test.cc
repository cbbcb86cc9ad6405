#include "model/calibrate/classify.h"

#include <cstdlib>
#include <fstream>
#include <set>

#include "tests/catch.h"

using namespace isobath;

namespace {

struct Known {
    const char *name, *library, *kind;
};

/// Names of DeepSeek's published training trace (profile-data, EP64), cut where they are long.
const Known kTrace[] = {
    {"dpsk::ep::internode::dispatch<false, 8, false, 8>", "DeepEP", "dispatch"},
    {"dpsk::ep::internode::combine<false, 8, __nv_bfloat16, 8, 2, 16, 24>", "DeepEP", "combine"},
    {"dpsk::ep::internode::cached_notify<false>", "DeepEP", "notify"},
    {"dpsk::ep::internode::notify_dispatch<false, 8>", "DeepEP", "notify"},
    {"dpsk::ep::cuda::get_dispatch_layout<256, 32, 8>", "DeepEP", "notify"},
    {"cutlass::device_kernel<dpsk::grouped_gemm::cuda::fp8_ptp128c::GemmKernel>", "DeepSeek", "gemm"},
    {"cutlass::device_kernel<dpsk::grouped_gemm::cuda::m_grouped_fp8_ptp128c::GemmKernel>", "DeepSeek",
     "grouped_gemm"},
    {"cutlass::device_kernel<dpsk::grouped_gemm::cuda::fp8_dptp128c_acc::GemmKernel>", "DeepSeek",
     "weight_gradient"},
    {"dpsk::grouped_gemm::cuda::utils::transpose<512, 128, 4, 4>", "DeepSeek", "transpose"},
    {"dpsk::grouped_gemm::cuda::utils::fill_tensormaps_kernel", "DeepSeek", "setup"},
    {"cuda::per_token_cast_to_fp8_with_channels<__nv_bfloat16, 128, false, 128, false>", "DeepSeek",
     "quantise"},
    {"cuda::per_channel_cast_and_transpose<256, 128, true, true, true, false, true>", "DeepSeek",
     "transpose"},
    {"cuda::batched_transpose<512, 128, 1, 1>", "DeepSeek", "transpose"},
    {"cuda::cast_back_impl<__nv_fp8x2_e4m3>", "DeepSeek", "quantise"},
    {"cuda::swiglu_backward<__nv_bfloat16>", "DeepSeek", "swiglu"},
    {"cuda::swiglu_forward_with_weight_and_per_token_cast_to_fp8_with_channels_impl<__nv_bfloat16, true>",
     "DeepSeek", "swiglu"},
    {"cuda::swiglu_and_per_channel_cast_and_transpose<256, 128, false>", "DeepSeek", "swiglu"},
    {"cuda::expand_to_fused_with_scales_impl", "DeepSeek", "permute"},
    {"cuda::get_fused_mapping<512>", "DeepSeek", "permute"},
    {"cuda::reduce_fused_impl<__nv_bfloat16, false, false>", "DeepSeek", "unpermute"},
    {"cuda::topk_sum_and_topk_idx<16, 64>", "DeepSeek", "gate"},
    {"cuda::aux_fi_impl", "DeepSeek", "gate"},
    {"flash::compute_attn_ws<Flash_fwd_kernel_traits<192, 128, 128, 12, 2, false, 1, cutlass::bfloat16_t>",
     "FlashAttention", "attention_prefill"},
    {"cutlass::device_kernel<flash::FlashAttnBwd<flash::CollectiveMainloopBwd<2, cute::tuple",
     "FlashAttention", "attention_backward"},
    {"cutlass::device_kernel<flash::FlashAttnBwdPreprocess<cute::tuple<cute::C<64>, cute::C<192> >",
     "FlashAttention", "attention_backward"},
    {"layer_norm::ln_fwd_kernel<layer_norm::Kernel_traits<__nv_bfloat16, __nv_bfloat16>", "Apex", "norm"},
    {"layer_norm::ln_bwd_finalize_kernel<layer_norm::Kernel_traits_finalize<7168u, __nv_bfloat16>", "Apex",
     "norm"},
    {"sm90_xmma_gemm_bf16f32_bf16f32_f32_tn_n_tilesize128x128x64_warpgroupsize1x1x1_execute", "cuBLAS",
     "gemm"},
    {"rotary_kernel", "DeepSeek", "rope"},
    {"_copy_tensor_kernel", "DeepSeek", "copy"},
    {"at::native::sbtopk::gatherTopK<float, unsigned int, 2, false>", "PyTorch", "gate"},
    {"at::native::elementwise_kernel<128, 4, at::native::gpu_kernel_impl<at::native::direct_copy_kernel_cuda",
     "PyTorch", "copy"},
    {"at::native::vectorized_elementwise_kernel<4, at::native::FillFunctor<float>, at::detail::Array<char*, "
     "1> >",
     "PyTorch", "elementwise"},
    {"at::native::reduce_kernel<512, 1, at::native::ReduceOp<float, at::native::func_wrapper_t<float>",
     "PyTorch", "reduce"},
    {"_ZN2at6native54_GLOBAL__N__d8ceb000_21_DistributionNormal_cu_17e44f7d43distribution_elementwise",
     "PyTorch", "sampling"},
};

/// Names that the libraries' public sources give their kernels.
const Known kServing[] = {
    {"void deep_ep::internode_ll::dispatch<true, false, 7168>(void*, float*)", "DeepEP", "dispatch"},
    {"void deep_ep::internode_ll::combine<false, 7168, 9, 128>(void*)", "DeepEP", "combine"},
    {"void deep_ep::intranode::notify_dispatch<8>(int const*)", "DeepEP", "notify"},
    {"void deep_gemm::sm90_fp8_gemm_1d2d_impl<(cute::UMMA::Major)0, 0u, 2112u, 7168u, 1u>", "DeepGEMM",
     "gemm"},
    {"void deep_gemm::fp8_gemm_kernel<4096u, 7168u, 128u, 128u, 128u, 8u, (deep_gemm::GemmType)2>(float*)",
     "DeepGEMM", "grouped_gemm"},
    {"void sm90::flash_fwd_splitkv_mla_kernel<cutlass::bfloat16_t>", "FlashMLA", "attention_decode"},
    {"flash_fwd_mla_combine_kernel<cutlass::bfloat16_t, 512, 64>", "FlashMLA", "attention_decode"},
    {"void flashinfer::mla::hopper::BatchMLAPageAttentionHopperKernel<flashinfer::mla::hopper>", "FlashInfer",
     "attention_decode"},
    {"void flashinfer::BatchPrefillWithRaggedKVCacheKernel<flashinfer::KernelTraits>", "FlashInfer",
     "attention_prefill"},
    {"void flashinfer::norm::RMSNormKernel<8u, __nv_bfloat16>", "FlashInfer", "norm"},
    {"void flashinfer::activation::act_and_mul_kernel<__nv_bfloat16, silu>", "FlashInfer", "swiglu"},
    {"nvjet_tst_64x8_64x16_4x1_v_bz_TNT", "cuBLAS", "gemm"},
    {"void cublasLt::splitKreduce_kernel<32, 16, int, float>", "cuBLAS", "gemm"},
    {"ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)", "NCCL", "collective"},
    {"void vllm::cross_device_reduce_1stage<__nv_bfloat16, 8>", "vLLM", "collective"},
    {"void cutlass::device_kernel<cutlass::gemm::kernel::GemmUniversal<cutlass::gemm::GroupProblemShape>",
     "CUTLASS", "grouped_gemm"},
    {"void tensorrt_llm::kernels::cutlass_kernels::finalizeMoeRoutingKernel<float>", "TensorRT-LLM",
     "unpermute"},
    {"fmhaSm100fKernel_QkvBfloat16OBfloat16HQk576HV512HVPerCta256PagedKvDenseP1VarSeqQ8Kv128Static2CtaForGen",
     "TensorRT-LLM", "attention_decode"},
    {"triton_red_fused__to_copy_add_mean_mul_pow_rsqrt_0", "Triton", "reduce"},
    {"fused_moe_kernel", "Triton", "grouped_gemm"},
    {"_w8a8_block_fp8_matmul", "Triton", "gemm"},
    {"void moe_fused_gate_kernel<float, 32, 256, 8>", "SGLang", "gate"},
    {"void per_token_group_quant_8bit_kernel<c10::BFloat16, c10::Float8_e4m3fn>", "SGLang", "quantise"},
    {"Memcpy HtoD (Pageable -> Device)", "memory operation", "memory"},
    {"", "", "unknown"},
    {"my_own_kernel", "", "unknown"},
};

}  // namespace

TEST_CASE("classify: kernels of DeepSeek's training trace are known by library and kind",
          "[model][classify]") {
    const Classifier classifier{DataFiles{}};
    for (const Known& known : kTrace) {
        INFO(known.name);
        const KernelClass found = classifier.classify(known.name);
        CHECK(found.library == known.library);
        CHECK(found.kind == known.kind);
    }
}

TEST_CASE("classify: kernels of serving libraries are known by library and kind", "[model][classify]") {
    const Classifier classifier{DataFiles{}};
    for (const Known& known : kServing) {
        INFO(known.name);
        const KernelClass found = classifier.classify(known.name);
        CHECK(found.library == known.library);
        CHECK(found.kind == known.kind);
    }
}

TEST_CASE("classify: template arguments tell sizes", "[model][classify]") {
    CHECK(template_numbers("k<(unsigned int)7168, 128u, float, f<3>, true>") ==
          std::vector<std::int64_t>{7168, 128});
    CHECK(template_numbers("plain").empty());
    CHECK(template_numbers("k<1, 2").size() == 1);  // cut short
    const Classifier classifier{DataFiles{}};
    using Shape = std::map<std::string, std::int64_t>;
    CHECK(classifier.classify("void deep_gemm::fp8_gemm_kernel<2112u, 7168u, 128u>").shape ==
          Shape{{"n", 2112}, {"k", 7168}});
    CHECK(classifier
              .classify("void deep_gemm::sm90_fp8_gemm_1d2d_impl<(cute::UMMA::Major)0, 0u, 2112u, 7168u, 1u>")
              .shape == Shape{{"n", 2112}, {"k", 7168}});
}

TEST_CASE("classify: a rule without a text is refused where it stands", "[model][classify]") {
    DataFiles data;
    data.replace("scenarios/kernels/classes.json",
                 R"({"schema": 1, "rules": [{"library": "x", "class": "gemm", "all": []}]})");
    CHECK_THROWS_WITH(Classifier(data), Catch::Contains("/rules/0/all: expected at least one text"));
}
