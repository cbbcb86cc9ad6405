/// Products of several experts in one kernel, by our own.
#include "profiler/kernels/grouped_gemm.h"

#include <algorithm>

#include "profiler/gpu/check.h"
#include "profiler/gpu/memory.h"
#include "profiler/skew.h"
#include "profiler/suites/suites.h"

namespace isobath {
namespace {

using namespace kernels;

constexpr std::uint64_t kA = 1, kB = 2;  ///< seeds

std::size_t product(std::int64_t a, std::int64_t b, std::int64_t c = 1) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b) * static_cast<std::size_t>(c);
}

class Grouped {
  public:
    Grouped(const KernelPoint& p, int sms)
        : sms_(sms),
          counts_(uneven_rows(static_cast<int>(p["experts"]), p["rows_per_expert"], p["spread_percent"])),
          shape_{.experts   = static_cast<int>(p["experts"]),
                 .n         = static_cast<int>(p["n"]),
                 .k         = static_cast<int>(p["k"]),
                 .fp8       = p.format != "bf16",
                 .slot_rows = p["contiguous"] == 1 ? 0 : *std::max_element(counts_.begin(), counts_.end()),
                 .tile_rows = tile_rows_for(double(p["rows_per_expert"]))} {
        lay_out();
        const std::size_t a = product(rows_, shape_.k), b = product(shape_.experts, shape_.n, shape_.k);
        a_          = shape_.fp8 ? random_e4m3(a, kA) : random_bf16(a, kA);
        b_          = shape_.fp8 ? random_e4m3(b, kB) : random_bf16(b, kB);
        d_          = DeviceBuffer(2 * product(rows_, shape_.n));
        a_scales_   = filled_floats(product(rows_, shape_.k / 128), 1);
        b_scales_   = filled_floats(product(shape_.experts, shape_.n / 128, shape_.k / 128), 1);
        on_device_  = uploaded(counts_);
        first_rows_ = uploaded(first_);
    }

    void run(cudaStream_t stream) const {
        launch_grouped_gemm(shape_,
                            {a_.get(), a_scales_.as<float>(), b_.get(), b_scales_.as<float>(),
                             on_device_.as<int>(), first_rows_.as<int>(), d_.as<Bf16>()},
                            sms_, stream);
    }

    double error() const {
        return relative_rms(64, [this](std::uint64_t draw) {
            const auto expert = draw % counts_.size();
            if (counts_[expert] == 0) return GotWanted{0, 0};
            const auto row =
                static_cast<std::uint64_t>(first_[expert]) + draw / 64 % std::uint64_t(counts_[expert]);
            const auto column = draw / 4096 % std::uint64_t(shape_.n);
            return GotWanted{got(row, column), wanted(expert, row, column)};
        });
    }

  private:
    int sms_;
    std::vector<int> counts_, first_;
    GroupedGemmShape shape_;
    std::int64_t rows_ = 0;
    DeviceBuffer a_, b_, d_, a_scales_, b_scales_, on_device_, first_rows_;

    /// First rows: one expert behind the other, or each in a slot that the largest fills.
    void lay_out() {
        for (const int count : counts_) {
            first_.push_back(static_cast<int>(rows_));
            rows_ += shape_.slot_rows > 0 ? shape_.slot_rows : count;
        }
    }

    double got(std::uint64_t row, std::uint64_t column) const {
        return to_float(element<Bf16>(d_, row * std::uint64_t(shape_.n) + column));
    }

    double wanted(std::uint64_t expert, std::uint64_t row, std::uint64_t column) const {
        const auto k = static_cast<std::uint64_t>(shape_.k);
        const auto a = row * k, b = (expert * std::uint64_t(shape_.n) + column) * k;
        const auto draw = shape_.fp8 ? random_e4m3_at : random_bf16_at;
        double sum      = 0;
        for (std::uint64_t i = 0; i < k; ++i) sum += double(draw(kA, a + i)) * double(draw(kB, b + i));
        return sum;
    }
};

Launch prepare(const KernelPoint& point, int sms) {
    auto grouped = std::make_shared<Grouped>(point, sms);
    return {.run   = [=](cudaStream_t stream) { grouped->run(stream); },
            .error = [=] { return grouped->error(); }};
}

std::string problem(const KernelPoint& p, int capability) {
    if (p["n"] % 128 != 0 || p["k"] % 128 != 0) return "n and k must be multiples of 128";
    return supported({.fp8 = p.format != "bf16"}, capability)
               ? ""
               : p.format + " needs a newer GPU than compute capability " + std::to_string(capability / 10);
}

}  // namespace

void add_grouped_benches(std::vector<Bench>& out, const Device& device) {
    const int sms = device.described.sm_count, capability = 10 * device.major + device.minor;
    out.push_back({"isobath",
                   {KernelKind::grouped_gemm},
                   [=](const auto& p) { return problem(p, capability); },
                   [=](const auto& p) { return prepare(p, sms); }});
}

}  // namespace isobath
