/// Absorbed MLA decode by our own kernels, on a paged cache.
#include "profiler/kernels/mla_decode.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "profiler/gpu/check.h"
#include "profiler/gpu/memory.h"
#include "profiler/suites/suites.h"

namespace isobath {
namespace {

using namespace kernels;

constexpr std::uint64_t kQ = 1, kCache = 2;  ///< seeds
constexpr std::int64_t kLongestChecked =
    16384;  ///< tokens; a reference over more would take longer than the kernel
constexpr int kLatentScales = 4;

std::size_t size(std::int64_t count) {
    return static_cast<std::size_t>(count);
}

/// Pages of all requests, in an order that a server's cache might have: a stride without common factor.
std::vector<int> scattered_pages(int count) {
    int stride = std::max(1, count * 5 / 8);
    while (std::gcd(stride, count) != 1) ++stride;
    std::vector<int> out(size(count));
    for (std::int64_t i = 0; i < count; ++i) out[size(i)] = static_cast<int>(i * stride % count);
    return out;
}

DeviceBuffer bf16_cache(std::size_t tokens) {
    return random_bf16(tokens * kMlaKey, kCache);
}

/// Latents and rope keys of random bytes that are E4M3 numbers of everyday size; all four scales of a token
/// are 1.
DeviceBuffer fp8_cache(std::size_t tokens) {
    DeviceBuffer out        = random_e4m3(tokens * kFp8TokenBytes, kCache);
    constexpr auto kScales  = kLatentScales * sizeof(float);
    const DeviceBuffer ones = filled_floats(tokens * kLatentScales, 1);
    CUDA_CHECK(cudaMemcpy2D(out.as<char>() + kLatent, kFp8TokenBytes, ones.get(), kScales, kScales, tokens,
                            cudaMemcpyDeviceToDevice));
    return out;
}

class Decode {
  public:
    Decode(const KernelPoint& p, int sms)
        : context_(p["context"]),
          shape_{.batch       = static_cast<int>(p["batch"]),
                 .queries     = static_cast<int>(p["s_q"]),
                 .heads       = static_cast<int>(p["heads"]),
                 .fp8         = p.format != "bf16",
                 .table_width = pages_of(static_cast<int>(context_)),
                 .scale       = static_cast<float>(1 / std::sqrt(192.))},
          pages_(scattered_pages(shape_.batch * shape_.table_width)),
          blocks_(mla_plan_blocks(shape_, sms)) {
        const std::size_t rows   = size(shape_.batch) * size(shape_.rows()),
                          tokens = pages_.size() * kPageTokens;
        q_                       = random_bf16(rows * kMlaKey, kQ);
        cache_                   = shape_.fp8 ? fp8_cache(tokens) : bf16_cache(tokens);
        out_                     = DeviceBuffer(rows * kLatent * 2);
        table_                   = uploaded(pages_);
        plan();
    }

    void run(cudaStream_t stream) const {
        launch_mla_decode(shape_,
                          {q_.as<Bf16>(), cache_.get(), table_.as<int>(), contexts_.as<int>(),
                           parts_.as<MlaPart>(), first_part_.as<int>(), splits_.as<MlaSplit>(),
                           out_.as<Bf16>(), partial_.as<float>(), partial_lse_.as<float>()},
                          blocks_, split_count_, stream);
    }

    /// Of the last query of the last head of the request in the middle.
    double error() const {
        if (context_ > kLongestChecked) return -1;
        const std::uint64_t row = size(shape_.batch / 2) * size(shape_.rows()) + size(shape_.rows() - 1);
        std::vector<Bf16> got(kLatent);
        CUDA_CHECK(
            cudaMemcpy(got.data(), out_.as<Bf16>() + row * kLatent, kLatent * 2, cudaMemcpyDeviceToHost));
        const std::vector<double> wanted = attend(row, shape_.batch / 2);
        return relative_rms(kLatent, [&](std::uint64_t draw) {
            const std::size_t e = draw % kLatent;
            return GotWanted{to_float(got[e]), wanted[e]};
        });
    }

  private:
    std::int64_t context_;
    MlaDecodeShape shape_;
    std::vector<int> pages_;
    int blocks_, split_count_ = 0;
    DeviceBuffer q_, cache_, out_, table_, contexts_, parts_, first_part_, splits_, partial_, partial_lse_;

    void plan() {
        const std::vector<int> contexts(size(shape_.batch), static_cast<int>(context_));
        const MlaPlan plan = plan_mla_decode(contexts, blocks_);
        split_count_       = static_cast<int>(plan.splits.size());
        contexts_          = uploaded(contexts);
        parts_             = uploaded(plan.parts);
        first_part_        = uploaded(plan.first_part);
        splits_            = uploaded(plan.splits);
        partial_           = DeviceBuffer(size(plan.slots) * size(shape_.rows()) * kLatent * sizeof(float));
        partial_lse_       = DeviceBuffer(size(plan.slots) * size(shape_.rows()) * sizeof(float));
    }

    /// Element e of the key that the cache holds for a token of a request.
    double key(int request, std::int64_t token, std::uint64_t e) const {
        const auto page           = size(pages_[size(request * shape_.table_width + token / kPageTokens)]);
        const std::uint64_t place = page * kPageTokens + size(token % kPageTokens);
        if (!shape_.fp8) return random_bf16_at(kCache, place * kMlaKey + e);
        const std::uint64_t first = place * kFp8TokenBytes;
        if (e < kLatent) return random_e4m3_at(kCache, first + e);
        const std::uint64_t low = first + kLatent + kLatentScales * sizeof(float) + 2 * (e - kLatent);
        return float_of_bf16(static_cast<std::uint16_t>(random_e4m3_bits_at(kCache, low) |
                                                        random_e4m3_bits_at(kCache, low + 1) << 8));
    }

    std::vector<double> attend(std::uint64_t row, int request) const {
        std::vector<double> query(kMlaKey), score(size(context_)), out(kLatent);
        for (std::uint64_t e = 0; e < kMlaKey; ++e) query[e] = random_bf16_at(kQ, row * kMlaKey + e);
        for (std::int64_t t = 0; t < context_; ++t)
            for (std::uint64_t e = 0; e < kMlaKey; ++e)
                score[size(t)] += double(shape_.scale) * query[e] * key(request, t, e);
        const double most = *std::max_element(score.begin(), score.end());
        double sum        = 0;
        for (double& each : score) sum += each = std::exp(each - most);
        for (std::int64_t t = 0; t < context_; ++t)
            for (std::uint64_t e = 0; e < kLatent; ++e) out[e] += score[size(t)] / sum * key(request, t, e);
        return out;
    }
};

Launch prepare(const KernelPoint& point, int sms) {
    auto decode = std::make_shared<Decode>(point, sms);
    return {.run   = [=](cudaStream_t stream) { decode->run(stream); },
            .error = [=] { return decode->error(); }};
}

std::string problem(const KernelPoint& point, int capability) {
    if (point.format == "fp8") return "our kernel reads BF16 and FlashMLA's FP8 cache alone";
    return supported(MlaDecodeShape{}, capability)
               ? ""
               : "our kernel does not run on this GPU's compute capability";
}

}  // namespace

void add_decode_benches(std::vector<Bench>& out, const Device& device) {
    const int sms = device.described.sm_count, capability = 10 * device.major + device.minor;
    out.push_back({"isobath",
                   {KernelKind::mla_decode},
                   [=](const auto& p) { return problem(p, capability); },
                   [=](const auto& p) { return prepare(p, sms); }});
}

}  // namespace isobath
