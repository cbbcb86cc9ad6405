/// Around the experts: the router's choice, permute and unpermute.
#include "profiler/gpu/memory.h"
#include "profiler/kernels/experts.h"
#include "profiler/suites/suites.h"

namespace isobath {
namespace {

using kernels::Bf16;
using kernels::kChosen;

constexpr std::size_t kFloat = sizeof(float), kInt = sizeof(int);

std::string gate_fits(const KernelPoint& p) {
    const bool v3 = p["experts"] == 256 && p["groups"] == 8 && p["topk_groups"] == 4 && p["top_k"] == kChosen;
    return v3 ? "" : "the kernel chooses 8 of 256 experts in 4 of 8 groups alone";
}

std::string permute_fits(const KernelPoint& p) {
    if (p["top_k"] != kChosen) return "the kernel serves top_k = 8 alone";
    if (p["experts"] < kChosen || p["experts"] > 256) return "the kernel serves 8 to 256 experts";
    return p["columns"] % 16 == 0 ? "" : "columns must be a multiple of 16";
}

/// Logits of a normal distribution, as floats of the BF16 numbers that random_bf16 gives.
DeviceBuffer random_floats(std::size_t count, std::uint64_t seed) {
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = random_bf16_at(seed, i);
    return uploaded(values);
}

/// Eight different experts for each token, where their number is a power of two; the stride is odd.
DeviceBuffer spread_choice(std::int64_t rows, std::int64_t experts) {
    std::vector<int> chosen(static_cast<std::size_t>(rows) * kChosen);
    for (std::size_t i = 0; i < chosen.size(); ++i)
        chosen[i] = static_cast<int>((i * 37 + i / kChosen * 11) % static_cast<std::size_t>(experts));
    return uploaded(chosen);
}

struct GateOperands {
    DeviceBuffer logits, bias, chosen, weights;
};

Launch gate(const KernelPoint& point) {
    const auto rows = static_cast<std::size_t>(point["rows"]);
    auto owned      = std::make_shared<GateOperands>(random_floats(rows * 256, 1), random_floats(256, 2),
                                                DeviceBuffer(rows * kChosen * kInt),
                                                DeviceBuffer(rows * kChosen * kFloat));
    return {.run = [=, tokens = point["rows"]](cudaStream_t stream) {
        kernels::launch_gate_choice({.tokens = tokens}, owned->logits.as<float>(), owned->bias.as<float>(),
                                    owned->chosen.as<int>(), owned->weights.as<float>(), stream);
    }};
}

struct PermuteOperands {
    DeviceBuffer chosen, counts, first_row, row, from, to;
};

int row_bytes(const KernelPoint& point) {
    // In FP8 a row takes its scales along: one float for every 128 columns.
    const std::int64_t columns = point["columns"];
    return static_cast<int>(point.format == "bf16" ? 2 * columns : columns + columns / 128 * 4);
}

std::shared_ptr<PermuteOperands> permute_operands(const KernelPoint& point) {
    const auto rows    = static_cast<std::size_t>(point["rows"]),
               experts = static_cast<std::size_t>(point["experts"]);
    const auto bytes   = static_cast<std::size_t>(row_bytes(point));
    return std::make_shared<PermuteOperands>(
        spread_choice(point["rows"], point["experts"]), DeviceBuffer(experts * kInt),
        DeviceBuffer((experts + 1) * kInt), DeviceBuffer(rows * kChosen * kInt),
        random_bytes(rows * bytes, 1), DeviceBuffer(rows * kChosen * bytes));
}

void run_permute(const KernelPoint& point, PermuteOperands& o, cudaStream_t stream) {
    kernels::launch_permute({.tokens    = point["rows"],
                             .experts   = static_cast<int>(point["experts"]),
                             .row_bytes = row_bytes(point)},
                            {o.chosen.as<int>(), o.counts.as<int>(), o.first_row.as<int>(), o.row.as<int>(),
                             o.from.get(), o.to.get()},
                            stream);
}

Launch permute(const KernelPoint& point) {
    auto owned = permute_operands(point);
    return {.run = [=](cudaStream_t stream) { run_permute(point, *owned, stream); }};
}

struct UnpermuteOperands {
    std::shared_ptr<PermuteOperands> permuted;
    DeviceBuffer expert_rows, weights, to;
};

/// The rows that permute gave, so that reads are scattered as they are in a step.
Launch unpermute(const KernelPoint& point) {
    const auto rows    = static_cast<std::size_t>(point["rows"]),
               columns = static_cast<std::size_t>(point["columns"]);
    auto owned         = std::make_shared<UnpermuteOperands>(
        permute_operands(point), random_bf16(rows * kChosen * columns, 2),
        filled_floats(rows * kChosen, 1.0F / kChosen), DeviceBuffer(rows * columns * 2));
    run_permute(point, *owned->permuted, nullptr);
    CUDA_CHECK(cudaDeviceSynchronize());
    return {.run = [=](cudaStream_t stream) {
        kernels::launch_unpermute({point["rows"], static_cast<int>(point["columns"])},
                                  owned->expert_rows.as<Bf16>(), owned->permuted->row.as<int>(),
                                  owned->weights.as<float>(), owned->to.as<Bf16>(), stream);
    }};
}

}  // namespace

void add_expert_benches(std::vector<Bench>& out) {
    out.push_back({"isobath", {KernelKind::gate}, gate_fits, gate});
    out.push_back({"isobath", {KernelKind::permute}, permute_fits, permute});
    out.push_back({"isobath", {KernelKind::unpermute}, permute_fits, unpermute});
}

}  // namespace isobath
