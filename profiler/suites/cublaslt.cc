/// Products by cublasLt, one or a batch, in every format that it has.
#include <algorithm>

#include "profiler/gpu/check.h"
#include "profiler/gpu/memory.h"
#include "profiler/gpu/timer.h"
#include "profiler/suites/cublaslt_api.h"
#include "profiler/suites/product_format.h"
#include "profiler/suites/suites.h"

namespace isobath {
namespace {

constexpr std::size_t kWorkspace = 64U << 20;  ///< twice what cuBLAS's guide asks for on Hopper
constexpr int kTried             = 8;          ///< algorithms of the heuristic's list that are measured
constexpr int kTrials            = 3;
constexpr std::uint64_t kX = 1, kW = 2;  ///< seeds of activations and weights

struct Size {
    std::int64_t batch, m, n, k;
};

Size size_of(const KernelPoint& p) {
    return {p.kind == KernelKind::batched_gemm ? p["batch"] : 1, p["m"], p["n"], p["k"]};
}

std::size_t count(std::int64_t a, std::int64_t b, std::int64_t c) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b) * static_cast<std::size_t>(c);
}

/// y[m][n] = x[m][k] w[n][k]^T. cublasLt counts columns first, so it is told y^T = w x^T: its A is w, its B
/// is x.
class Product {
  public:
    explicit Product(const KernelPoint& point)
        : size_(size_of(point)),
          format_(product_format(point.format)),
          w_(format_.operand(count(size_.batch, size_.n, size_.k), kW)),
          x_(format_.operand(count(size_.batch, size_.m, size_.k), kX)),
          y_(2 * count(size_.batch, size_.m, size_.n)),
          workspace_(kWorkspace) {
        describe();
        set_scales();
        algorithm_ = fastest(candidates());
    }

    void run(cudaStream_t stream) const { run(algorithm_, stream); }

    double error() const {
        return relative_rms(64, [this](std::uint64_t draw) {
            const std::uint64_t at = draw % count(size_.batch, size_.m, size_.n);
            return GotWanted{got(at), wanted(at)};
        });
    }

  private:
    Size size_;
    const ProductFormat& format_;
    DeviceBuffer w_, x_, y_, workspace_, w_scales_, x_scales_;
    Descriptor descriptor_ = make_descriptor();
    Layout w_layout_       = make_layout(format_.type, u(size_.k), u(size_.n), size_.k);
    Layout x_layout_       = make_layout(format_.type, u(size_.k), u(size_.m), size_.k);
    Layout y_layout_       = make_layout(CUDA_R_16BF, u(size_.n), u(size_.m), size_.n);
    cublasLtMatmulAlgo_t algorithm_{};

    static std::uint64_t u(std::int64_t value) { return static_cast<std::uint64_t>(value); }

    void describe() {
        set(descriptor_, CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
        set(descriptor_, CUBLASLT_MATMUL_DESC_TRANSB, CUBLAS_OP_N);
        if (format_.fast_accumulation) set(descriptor_, CUBLASLT_MATMUL_DESC_FAST_ACCUM, std::int8_t{1});
        if (size_.batch == 1) return;
        set_batch(w_layout_, size_.n * size_.k);
        set_batch(x_layout_, size_.m * size_.k);
        set_batch(y_layout_, size_.m * size_.n);
    }

    void set_batch(const Layout& layout, std::int64_t stride) {
        set(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, static_cast<std::int32_t>(size_.batch));
        set(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, stride);
    }

    void set_scales() {
        if (!format_.scaled) return;
        w_scales_ = scales_of_one(format_.weights, size_.n * size_.batch, size_.k);
        x_scales_ = scales_of_one(format_.activations, size_.m * size_.batch, size_.k);
        set(descriptor_, CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, w_scales_.get());
        set(descriptor_, CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, x_scales_.get());
        if (format_.weights == CUBLASLT_MATMUL_MATRIX_SCALE_SCALAR_32F)
            return;  // older versions know no modes
        set(descriptor_, CUBLASLT_MATMUL_DESC_A_SCALE_MODE, format_.weights);
        set(descriptor_, CUBLASLT_MATMUL_DESC_B_SCALE_MODE, format_.activations);
    }

    std::vector<cublasLtMatmulHeuristicResult_t> candidates() const {
        std::vector<cublasLtMatmulHeuristicResult_t> out(kTried);
        const Preference preference = make_preference(kWorkspace);
        int found                   = 0;
        const cublasStatus_t status = cublaslt().heuristic(
            cublaslt().handle, descriptor_.get(), w_layout_.get(), x_layout_.get(), y_layout_.get(),
            y_layout_.get(), preference.get(), kTried, out.data(), &found);
        if (status != CUBLAS_STATUS_SUCCESS || found == 0)
            throw NotMeasurable(std::string("cublasLt has no algorithm for this shape: ") +
                                cublaslt().status_text(status));
        out.resize(static_cast<std::size_t>(found));
        return out;
    }

    void run(const cublasLtMatmulAlgo_t& algorithm, cudaStream_t stream) const {
        const float one = 1, zero = 0;
        cublaslt().check(
            cublaslt().matmul(cublaslt().handle, descriptor_.get(), &one, w_.get(), w_layout_.get(), x_.get(),
                              x_layout_.get(), &zero, y_.get(), y_layout_.get(), y_.get(), y_layout_.get(),
                              &algorithm, workspace_.get(), kWorkspace, stream),
            "cublasLtMatmul");
    }

    /// The least of a few cold runs behind a closed gate.
    Seconds trial(const cublasLtMatmulAlgo_t& algorithm) const {
        const Stream stream;
        EventTimer timer;
        L2Flush flush;
        StreamGate gate;
        run(algorithm, stream);  // loads the kernel, which may wait for the GPU
        CUDA_CHECK(cudaStreamSynchronize(stream));
        Seconds least = 1e9 * unit::s;
        for (int i = 0; i < kTrials; ++i) {
            flush(stream);
            gate.close(stream);
            timer.start(stream);
            run(algorithm, stream);
            timer.stop(stream);
            gate.open();
            least = std::min(least, timer.elapsed());
        }
        return least;
    }

    cublasLtMatmulAlgo_t fastest(const std::vector<cublasLtMatmulHeuristicResult_t>& those) const {
        const cublasLtMatmulAlgo_t* best = nullptr;
        Seconds least                    = 1e9 * unit::s;
        for (const auto& each : those) {
            if (each.state != CUBLAS_STATUS_SUCCESS) continue;
            const Seconds time = trial(each.algo);
            if (best == nullptr || time < least) best = &each.algo, least = time;
        }
        if (best == nullptr) throw NotMeasurable("none of cublasLt's algorithms for this shape runs");
        return *best;
    }

    double got(std::uint64_t at) const { return float_of_bf16(element<std::uint16_t>(y_, at)); }

    double wanted(std::uint64_t at) const {
        const std::uint64_t row = at / u(size_.n), column = at % u(size_.n), batch = row / u(size_.m);
        const std::uint64_t x = row * u(size_.k), w = (batch * u(size_.n) + column) * u(size_.k);
        double sum = 0;
        for (std::uint64_t i = 0; i < u(size_.k); ++i)
            sum += format_.value(kX, x + i) * format_.value(kW, w + i);
        return sum;
    }
};

Launch prepare(const KernelPoint& point) {
    auto product = std::make_shared<Product>(point);
    return {.run   = [=](cudaStream_t stream) { product->run(stream); },
            .error = [=] { return product->error(); }};
}

std::string problem(const KernelPoint& point, int major, int minor) {
    if (!cublaslt().why_not.empty()) return cublaslt().why_not;
    if (point.kind == KernelKind::batched_gemm && point.format == "fp8_block")
        return "batched products with block scales are not measured: how scales of a batch lie is not "
               "documented";
    return format_problem(point.format, major, minor, cublaslt().version());
}

}  // namespace

void add_cublaslt_benches(std::vector<Bench>& out, Device& device) {
    const bool here           = cublaslt().why_not.empty();
    const std::string version = here ? cublaslt().version_text() : "";
    if (here) device.described.libraries["cublaslt"] = version;
    out.push_back(
        {here ? "cublasLt " + version : "cublasLt",
         {KernelKind::gemm, KernelKind::batched_gemm},
         [major = device.major, minor = device.minor](const auto& p) { return problem(p, major, minor); },
         prepare});
}

}  // namespace isobath
