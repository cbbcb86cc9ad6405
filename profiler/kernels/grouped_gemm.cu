#include "profiler/kernels/grouped_gemm.cuh"
#include "profiler/kernels/launch.cuh"

namespace isobath::kernels {
namespace {

template <bool kFp8, int kRows>
void launch(const GroupedGemmShape& shape, const GroupedGemmBuffers& b, int sms, cudaStream_t stream) {
    const auto kernel     = grouped::grouped_gemm_kernel<kFp8, kRows>;
    constexpr auto kBytes = std::size_t(grouped::Tile<kRows>::kShared);
    allow_shared(kernel, kBytes);
    kernel<<<sms, grouped::kThreads, kBytes, stream>>>(shape, b);
    CUDA_CHECK(cudaGetLastError());
}

template <bool kFp8>
void launch(const GroupedGemmShape& shape, const GroupedGemmBuffers& b, int sms, cudaStream_t stream) {
    switch (shape.tile_rows) {
        case 16: return launch<kFp8, 16>(shape, b, sms, stream);
        case 64: return launch<kFp8, 64>(shape, b, sms, stream);
        case 128: return launch<kFp8, 128>(shape, b, sms, stream);
        default: throw CudaError("grouped_gemm: tiles have 16, 64 or 128 rows");
    }
}

}  // namespace

void launch_grouped_gemm(const GroupedGemmShape& shape, const GroupedGemmBuffers& buffers, int sms,
                         cudaStream_t stream) {
    if (shape.n % 128 != 0 || shape.k % 128 != 0)
        throw CudaError("grouped_gemm: n and k are multiples of 128");
    shape.fp8 ? launch<true>(shape, buffers, sms, stream) : launch<false>(shape, buffers, sms, stream);
}

}  // namespace isobath::kernels
