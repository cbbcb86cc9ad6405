#include "model/calibrate/trace_import.h"

#include <cmath>
#include <fstream>
#include <unordered_map>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "model/calibrate/recorded.h"

namespace isobath {
namespace {

using Dims = std::vector<std::int64_t>;

constexpr std::size_t kMostNames = 8;

bool is_kernel(const TraceEvent& event) {
    return event.phase == "X" && (event.category == "kernel" || event.category == "Kernel" ||
                                  event.category == "gpu_memcpy" || event.category == "gpu_memset");
}

bool is_type(const TraceEvent& operation, std::size_t input, std::string_view type) {
    return input < operation.input_types.size() && operation.input_types[input] == type;
}

std::optional<RangePoint> gemm(const Dims& a, const Dims& b, const char* format) {
    if (a.size() != 2 || b.size() != 2 || a[1] != b[0] || a[0] < 1 || a[1] < 1 || b[1] < 1)
        return std::nullopt;
    return RangePoint{{KernelKind::gemm, format, {a[0], b[1], a[1]}}, "torch"};
}

std::optional<RangePoint> batched(const Dims& a, const Dims& b) {
    if (a.size() != 3 || b.size() != 3 || a[0] != b[0] || a[2] != b[1] || a[0] < 1) return std::nullopt;
    if (a[1] < 1 || a[2] < 1 || b[2] < 1) return std::nullopt;
    return RangePoint{{KernelKind::batched_gemm, "bf16", {a[0], a[1], b[2], a[2]}}, "torch"};
}

/// One scale of A: per tensor; one per row and 128 of k: per block. One per row is a format of no family.
std::optional<RangePoint> scaled(const TraceEvent& op) {
    const auto& dims = op.input_dims;
    if (dims.size() < 3 || !is_type(op, 0, "c10::Float8_e4m3fn")) return std::nullopt;
    const Dims& scale = dims[2];
    const bool tensor = scale.empty() || scale == Dims{1} || scale == Dims{1, 1};
    if (tensor) return gemm(dims[0], dims[1], "fp8_tensor");
    const bool block =
        scale.size() == 2 && dims[0].size() == 2 && scale[1] == (dims[0][1] + 127) / 128 && scale[1] > 1;
    return block ? gemm(dims[0], dims[1], "fp8_block") : std::nullopt;
}

/// An operation with its kernels; either may come first in the file.
struct Operation {
    std::optional<RangePoint> what;
    Seconds time;
    std::vector<std::string> kernels;
};

class TraceImport {
  public:
    void take(const TraceEvent& event) {
        if (is_kernel(event))
            kernel(event);
        else if (event.category == "cpu_op" && event.external_id >= 0)
            if (auto what = product_of(event)) operations_[event.external_id].what = std::move(what);
    }

    RecordedKernels finish(const std::string& program) {
        for (const auto& [id, operation] : operations_)
            if (operation.what && !operation.kernels.empty())
                builder_.add_range(*operation.what, operation.time, operation.kernels);
        return builder_.finish(program);
    }

  private:
    void kernel(const TraceEvent& event) {
        if (!(event.duration_us > 0) || event.duration_us > 1e12) return builder_.add_left_out();
        const Seconds time = event.duration_us * unit::us;
        builder_.add({event.name, event.grid, event.block, event.stream, event.graph_node != 0, std::nullopt},
                     time);
        if (event.external_id <= 0) return;
        Operation& operation = operations_[event.external_id];
        operation.time += time;
        if (operation.kernels.size() < kMostNames) operation.kernels.push_back(event.name);
    }

    RecordBuilder builder_;
    std::unordered_map<std::int64_t, Operation> operations_;
};

}  // namespace

std::optional<RangePoint> product_of(const TraceEvent& op) {
    const auto& dims = op.input_dims;
    const bool bf16  = is_type(op, 0, "c10::BFloat16");
    if (op.name == "aten::mm" && bf16 && dims.size() >= 2) return gemm(dims[0], dims[1], "bf16");
    if (op.name == "aten::addmm" && bf16 && dims.size() >= 3) return gemm(dims[1], dims[2], "bf16");
    if (op.name == "aten::bmm" && bf16 && dims.size() >= 2) return batched(dims[0], dims[1]);
    return op.name == "aten::_scaled_mm" ? scaled(op) : std::nullopt;
}

RecordedKernels read_trace(std::istream& in, const std::string& file) {
    TraceImport import;
    read_trace_events(in, file, [&](TraceEvent& event) { import.take(event); });
    RecordedKernels out = import.finish(file);
    if (out.kernels.empty())
        fail_at(file, "/traceEvents",
                "no kernel; expected events of category kernel, gpu_memcpy or gpu_memset");
    return out;
}

RecordedKernels read_trace(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in || std::filesystem::is_directory(file))
        throw SpecError(clipped(file.string(), 400) + ": cannot read");
    return read_trace(in, file.string());
}

}  // namespace isobath
