/// Kernels between the products: quantise, RMSNorm, RoPE, SwiGLU.
#include <cmath>

#include "profiler/gpu/check.h"
#include "profiler/gpu/memory.h"
#include "profiler/kernels/pointwise.h"
#include "profiler/suites/suites.h"

namespace isobath {
namespace {

using kernels::Bf16;
using kernels::E4m3;

constexpr int kHeadDim = 192, kRopeDim = 64;  ///< qk_nope_head_dim + qk_rope_head_dim, and the latter alone

std::size_t cells(const kernels::Rows& rows) {
    return static_cast<std::size_t>(rows.rows) * static_cast<std::size_t>(rows.width);
}

kernels::Rows rows_of(const KernelPoint& point) {
    return {point["rows"], static_cast<int>(point["columns"])};
}

struct Operands {
    DeviceBuffer from, to, scales;
};

constexpr int kChecked = 64;  ///< outputs that are compared

/// The cell that a draw means, as row and column.
struct Cell {
    std::uint64_t row, column;
    Cell(std::uint64_t draw, const kernels::Rows& rows)
        : row(draw % std::uint64_t(rows.rows)), column(draw / 64 % std::uint64_t(rows.width)) {}
    std::uint64_t index(const kernels::Rows& rows) const { return row * std::uint64_t(rows.width) + column; }
};

double silu(double x) {
    return x / (1 + std::exp(-x));
}

/// E4M3 times the scale of its 128.
double scaled(const Operands& o, std::uint64_t index) {
    return double(to_float(element<E4m3>(o.to, index))) * double(element<float>(o.scales, index / 128));
}

double normed(const kernels::Rows& rows, const Cell& cell) {
    double squares = 0;
    for (int i = 0; i < rows.width; ++i) {
        const double x = random_bf16_at(1, cell.row * std::uint64_t(rows.width) + std::uint64_t(i));
        squares += x * x;
    }
    return double(random_bf16_at(1, cell.index(rows))) / std::sqrt(squares / rows.width + 1e-6) *
           double(random_bf16_at(2, cell.column));
}

double gated(const kernels::Rows& rows, const Cell& cell) {
    const std::uint64_t gate = cell.row * 2 * std::uint64_t(rows.width) + cell.column;
    return silu(random_bf16_at(1, gate)) * double(random_bf16_at(1, gate + std::uint64_t(rows.width)));
}

Launch quantise(const KernelPoint& point) {
    const auto rows = rows_of(point);
    auto operands   = std::make_shared<Operands>(random_bf16(cells(rows), 1), DeviceBuffer(cells(rows)),
                                               DeviceBuffer(cells(rows) / 128 * sizeof(float)));
    return {.run =
                [=](cudaStream_t stream) {
                    kernels::launch_quantise(rows, operands->from.as<Bf16>(), operands->to.as<E4m3>(),
                                             operands->scales.as<float>(), stream);
                },
            .error =
                [=] {
                    return relative_rms(kChecked, [&](std::uint64_t draw) {
                        const std::uint64_t i = Cell(draw, rows).index(rows);
                        return GotWanted{scaled(*operands, i), random_bf16_at(1, i)};
                    });
                }};
}

Launch rms_norm(const KernelPoint& point) {
    const auto rows = rows_of(point);
    auto operands   = std::make_shared<Operands>(random_bf16(cells(rows), 1), DeviceBuffer(cells(rows) * 2),
                                               random_bf16(static_cast<std::size_t>(rows.width), 2));
    return {.run =
                [=](cudaStream_t stream) {
                    kernels::launch_rms_norm(rows, operands->from.as<Bf16>(), operands->scales.as<Bf16>(),
                                             operands->to.as<Bf16>(), stream);
                },
            .error =
                [=] {
                    return relative_rms(kChecked, [&](std::uint64_t draw) {
                        const Cell cell(draw, rows);
                        return GotWanted{to_float(element<Bf16>(operands->to, cell.index(rows))),
                                         normed(rows, cell)};
                    });
                }};
}

Launch swiglu(const KernelPoint& point) {
    const auto rows = rows_of(point);
    const bool bf16 = point.format == "bf16";
    auto operands   = std::make_shared<Operands>(random_bf16(2 * cells(rows), 1),
                                               DeviceBuffer(cells(rows) * (bf16 ? 2 : 1)),
                                               DeviceBuffer(cells(rows) / 128 * sizeof(float)));
    const auto run  = [=](cudaStream_t stream) {
        if (bf16)
            kernels::launch_swiglu(rows, operands->from.as<Bf16>(), operands->to.as<Bf16>(), stream);
        else
            kernels::launch_swiglu_quantise(rows, operands->from.as<Bf16>(), operands->to.as<E4m3>(),
                                             operands->scales.as<float>(), stream);
    };
    const auto error = [=] {
        return relative_rms(kChecked, [&](std::uint64_t draw) {
            const Cell cell(draw, rows);
            const std::uint64_t i = cell.index(rows);
            return GotWanted{bf16 ? to_float(element<Bf16>(operands->to, i)) : scaled(*operands, i),
                             gated(rows, cell)};
        });
    };
    return {.run = run, .error = error};
}

struct RopeOperands {
    DeviceBuffer x, positions, cosines, sines;
};

/// All tokens at position 0 and angles of cosine 1: the rotation costs the same at any angle, and x, which is
/// rotated in place, stays as it is over thousands of samples. The key, one head, has no other dimensions
/// beside.
Launch rope(const KernelPoint& point) {
    const auto heads = static_cast<int>(point["heads"]);
    const kernels::Rope shape{point["rows"], heads, heads == 1 ? kRopeDim : kHeadDim};
    const auto rows = static_cast<std::size_t>(shape.tokens);
    auto operands   = std::make_shared<RopeOperands>(
        random_bf16(rows * std::size_t(heads) * std::size_t(shape.head_dim), 1),
        filled_bytes(rows * sizeof(int), 0), filled_floats(kRopeDim / 2, 1), filled_floats(kRopeDim / 2, 0));
    return {.run = [=](cudaStream_t stream) {
        kernels::launch_rope(shape, operands->x.as<Bf16>(), operands->positions.as<int>(),
                             operands->cosines.as<float>(), operands->sines.as<float>(), stream);
    }};
}

std::string multiple_of(const KernelPoint& point, std::int64_t columns) {
    return point["columns"] % columns == 0 ? "" : "columns must be a multiple of " + std::to_string(columns);
}

}  // namespace

void add_rowwise_benches(std::vector<Bench>& out) {
    const auto by_128 = [](const KernelPoint& p) { return multiple_of(p, p.format == "bf16" ? 8 : 128); };
    const auto any    = [](const KernelPoint&) { return std::string(); };
    out.push_back({"isobath", {KernelKind::quantise}, by_128, quantise});
    out.push_back({"isobath", {KernelKind::rms_norm}, by_128, rms_norm});
    out.push_back({"isobath", {KernelKind::swiglu}, by_128, swiglu});
    out.push_back({"isobath", {KernelKind::rope}, any, rope});
}

}  // namespace isobath
