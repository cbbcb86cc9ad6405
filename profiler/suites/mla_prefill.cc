/// Causal MLA prefill by our own kernel.
#include "profiler/kernels/mla_prefill.h"

#include <cmath>

#include "profiler/gpu/check.h"
#include "profiler/gpu/memory.h"
#include "profiler/suites/suites.h"

namespace isobath {
namespace {

using namespace kernels;

constexpr std::uint64_t kQ = 1, kK = 2, kV = 3;  ///< seeds
constexpr std::uint64_t kQkDim = 192, kVDim = 128;

std::size_t product(std::int64_t a, std::int64_t b, std::int64_t c, std::uint64_t d) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b) * static_cast<std::size_t>(c) * d;
}

class Prefill {
  public:
    explicit Prefill(const KernelPoint& p)
        : shape_{.batch   = static_cast<int>(p["sequences"]),
                 .queries = static_cast<int>(p["q_len"]),
                 .keys    = static_cast<int>(p["kv_len"]),
                 .heads   = static_cast<int>(p["heads"]),
                 .scale   = static_cast<float>(1 / std::sqrt(double(kQkDim)))},
          q_(random_bf16(product(shape_.batch, shape_.queries, shape_.heads, kQkDim), kQ)),
          k_(random_bf16(product(shape_.batch, shape_.keys, shape_.heads, kQkDim), kK)),
          v_(random_bf16(product(shape_.batch, shape_.keys, shape_.heads, kVDim), kV)),
          out_(2 * product(shape_.batch, shape_.queries, shape_.heads, kVDim)) {}

    void run(cudaStream_t stream) const {
        launch_mla_prefill(shape_, {q_.as<Bf16>(), k_.as<Bf16>(), v_.as<Bf16>(), out_.as<Bf16>()}, stream);
    }

    /// Of the last head of the last request, at its first, middle and last query.
    double error() const {
        double worst = 0;
        for (const int query : {0, shape_.queries / 2, shape_.queries - 1})
            worst = std::fmax(worst, error_of(query));
        return worst;
    }

  private:
    MlaPrefillShape shape_;
    DeviceBuffer q_, k_, v_, out_;

    /// First element of a token's head in the last request.
    std::uint64_t place(int tokens, int token, std::uint64_t dims) const {
        return (product(shape_.batch - 1, tokens, shape_.heads, 1) + product(token, shape_.heads, 1, 1) +
                static_cast<std::uint64_t>(shape_.heads - 1)) *
               dims;
    }

    double error_of(int query) const {
        std::vector<Bf16> got(kVDim);
        CUDA_CHECK(cudaMemcpy(got.data(), out_.as<Bf16>() + place(shape_.queries, query, kVDim), kVDim * 2,
                              cudaMemcpyDeviceToHost));
        const std::vector<double> wanted = attend(query);
        return relative_rms(kVDim, [&](std::uint64_t draw) {
            return GotWanted{to_float(got[draw % kVDim]), wanted[draw % kVDim]};
        });
    }

    double score(int query, int token) const {
        const std::uint64_t q = place(shape_.queries, query, kQkDim), k = place(shape_.keys, token, kQkDim);
        double sum = 0;
        for (std::uint64_t e = 0; e < kQkDim; ++e)
            sum += double(random_bf16_at(kQ, q + e)) * double(random_bf16_at(kK, k + e));
        return sum * double(shape_.scale);
    }

    std::vector<double> attend(int query) const {
        std::vector<double> out(kVDim);
        double sum = 0;
        for (int token = 0; token <= shape_.keys - shape_.queries + query; ++token) {
            const double weight = std::exp(score(query, token));  // scores are normal: no overflow
            sum += weight;
            const std::uint64_t v = place(shape_.keys, token, kVDim);
            for (std::uint64_t e = 0; e < kVDim; ++e) out[e] += weight * double(random_bf16_at(kV, v + e));
        }
        for (double& each : out) each /= sum;
        return out;
    }
};

Launch prepare(const KernelPoint& point) {
    auto prefill = std::make_shared<Prefill>(point);
    return {.run   = [=](cudaStream_t stream) { prefill->run(stream); },
            .error = [=] { return prefill->error(); }};
}

std::string problem(const KernelPoint& point, int capability) {
    if (!supported(MlaPrefillShape{}, capability))
        return "our kernel does not run on this GPU's compute capability";
    if (point["kv_len"] < point["q_len"]) return "kv_len must not be less than q_len";
    return point.format == "bf16" ? "" : "our kernel is BF16 alone";
}

}  // namespace

void add_prefill_benches(std::vector<Bench>& out, const Device& device) {
    const int capability = 10 * device.major + device.minor;
    out.push_back({"isobath",
                   {KernelKind::mla_prefill},
                   [=](const auto& p) { return problem(p, capability); },
                   prepare});
}

}  // namespace isobath
