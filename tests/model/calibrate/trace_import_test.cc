#include "model/calibrate/trace_import.h"

#include <sstream>

#include "hw/spec_reader.h"
#include "model/calibrate/recorded.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

/// Two kernels of one product, one of FP8, a copy, and what is not to be counted.
const char* const kTrace = R"({"schemaVersion": 1, "deviceProperties": [{"id": 0, "name": "NVIDIA H100"}],
"traceEvents": [
 {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "ts": 1, "dur": 30, "args": {"External id": 7,
  "Input Dims": [[64, 2048], [2048, 7168]], "Input type": ["c10::BFloat16", "c10::BFloat16"]}},
 {"ph": "X", "cat": "kernel", "name": "nvjet_tst", "ts": 5, "dur": 10.5, "args": {"External id": 7, "stream": 7,
  "correlation": 3, "grid": [132, 1, 1], "block": [384, 1, 1], "graph node id": 0}},
 {"ph": "X", "cat": "kernel", "name": "cublasLt::splitKreduce", "ts": 16, "dur": 2.5, "args": {"External id": 7,
  "stream": 7, "grid": [4, 1, 1], "block": [128, 1, 1]}},
 {"ph": "X", "cat": "kernel", "name": "fp8", "ts": 20, "dur": 4, "args": {"External id": 9, "stream": 7,
  "grid": [8, 1, 1], "block": [128, 1, 1]}},
 {"ph": "X", "cat": "cpu_op", "name": "aten::_scaled_mm", "ts": 19, "dur": 3, "args": {"External id": 9,
  "Input Dims": [[64, 2048], [2048, 512], [], []], "Input type": ["c10::Float8_e4m3fn", "c10::Float8_e4m3fn", "float", "float"]}},
 {"ph": "X", "cat": "gpu_memcpy", "name": "Memcpy DtoD", "ts": 30, "dur": 1, "args": {"stream": 7, "bytes": 4}},
 {"ph": "X", "cat": "kernel", "name": "broken", "ts": 40, "dur": -5, "args": {}},
 {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": 4, "dur": 3, "args": {"External id": 7}},
 {"ph": "s", "id": 3, "cat": "ac2g", "name": "ac2g", "ts": 4}
], "traceName": "x", "nested": {"traceEvents": [{"ph": "X", "cat": "kernel", "name": "not one", "dur": 1}]}})";

RecordedKernels read(const std::string& text) {
    std::istringstream in(text);
    return read_trace(in, "t.json");
}

std::string error_of(const std::string& text) {
    try {
        read(text);
    } catch (const SpecError& e) {
        return e.what();
    }
    return "";
}

}  // namespace

TEST_CASE("trace: kernels keep their launch, and times are summed", "[model][trace]") {
    const RecordedKernels out = read(kTrace);
    CHECK(out.cost.records == 4);
    CHECK(out.cost.dropped == 1);  // a time below 0
    CHECK(out.total().in(unit::us) == Approx(10.5 + 2.5 + 4 + 1));
    REQUIRE(out.kernels.size() == 4);
    CHECK(out.kernels[0].launch.name == "nvjet_tst");
    CHECK(out.kernels[0].launch.grid == std::array<int, 3>{132, 1, 1});
    CHECK(out.kernels[0].launch.block[0] == 384);
    CHECK(out.kernels[0].launch.stream == 7);
}

TEST_CASE("trace: an operation's dimensions name the shape, its kernels the time", "[model][trace]") {
    const RecordedKernels out = read(kTrace);
    REQUIRE(out.ranges.size() == 2);
    CHECK(out.ranges[0].what.point == KernelPoint{KernelKind::gemm, "bf16", {64, 7168, 2048}});
    CHECK(out.ranges[0].times.total.in(unit::us) == Approx(13));
    CHECK(out.ranges[0].kernels.size() == 2);
    // The kernel came before its operation.
    CHECK(out.ranges[1].what.point == KernelPoint{KernelKind::gemm, "fp8_tensor", {64, 512, 2048}});
    CHECK(read_measurements(rows_of(out), "r").at(0).rows.size() == 2);
}

TEST_CASE("trace: only products whose formats and shapes are known become rows", "[model][trace]") {
    TraceEvent op;
    op.name        = "aten::bmm";
    op.input_dims  = {{128, 64, 512}, {128, 512, 128}};
    op.input_types = {"c10::BFloat16", "c10::BFloat16"};
    CHECK(product_of(op)->point == KernelPoint{KernelKind::batched_gemm, "bf16", {128, 64, 128, 512}});
    op.input_types[0] = "float";
    CHECK_FALSE(product_of(op));
    op = {"X",
          "cpu_op",
          "aten::_scaled_mm",
          0,
          1,
          {},
          {},
          0,
          1,
          0,
          {{64, 2048}, {2048, 512}, {64, 16}},
          {"c10::Float8_e4m3fn"}};
    CHECK(product_of(op)->point.format == "fp8_block");
    op.input_dims[2] = {64, 1};  // one scale a row
    CHECK_FALSE(product_of(op));
    op.input_dims = {{64, 2048}};
    CHECK_FALSE(product_of(op));
    op.name        = "aten::mm";
    op.input_types = {"c10::BFloat16"};
    op.input_dims  = {{64, 2048}, {2047, 7}};
    CHECK_FALSE(product_of(op));
}

TEST_CASE("trace: what cannot be read is named by its byte", "[model][trace]") {
    const std::string head = R"({"traceEvents": [{"ph": "X", "dur": )";  // 36 bytes
    CHECK_THAT(error_of(head + "NaN}]}"), Catch::Contains("t.json: byte 37: "));
    CHECK_THAT(error_of(head), Catch::Contains("t.json: byte 37: "));
    CHECK_THAT(error_of("\xff\xfe"), Catch::Contains("t.json: byte 1: "));
    CHECK_THAT(error_of("[]"), Catch::Contains("t.json: /traceEvents: no kernel"));
    CHECK_THAT(error_of(R"({"traceEvents": 3})"), Catch::Contains("no kernel"));
}

TEST_CASE("trace: odd values in an event do no harm", "[model][trace]") {
    const RecordedKernels out = read(R"([{"ph": "X", "cat": "kernel", "name": "k", "dur": 1,
        "args": {"grid": [1, 2, 3, 4, -5, "x"], "block": 7, "stream": -3, "External id": 1e300, "x": {"grid": [9]},
        "Input Dims": [[[1]], "y", 3]}}, 5, "text", [[]], null, {"ph": 3, "name": null}])");
    REQUIRE(out.kernels.size() == 1);
    CHECK(out.kernels[0].launch.grid == std::array<int, 3>{1, 2, 3});
    CHECK(out.kernels[0].launch.stream == 0);
}

TEST_CASE("recorded: the table's shares add up, and the unknown stand last with their names",
          "[model][trace]") {
    const RecordedKernels recorded = read(kTrace);
    const RecordedTable table      = table_of(recorded, Classifier{DataFiles{}});
    REQUIRE(table.classes.size() == 3);
    CHECK(table.classes[0].library == "cuBLAS");
    CHECK(table.classes[0].share == Approx(13.0 / 18));
    CHECK(table.classes.back().kind == kUnknownClass);
    CHECK(table.unknown.at(0).name == "fp8");
    CHECK(table.unknown_share == Approx(4.0 / 18));
}
