#include "hw/measurements.h"

#include "hw/spec_reader.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

MeasuredDevice device() {
    MeasuredDevice out;
    out.name      = "NVIDIA H100 80GB HBM3";
    out.gpu       = "h100";
    out.driver    = "580.159.04";
    out.date      = "2026-11-22";
    out.sm_count  = 132;
    out.memory    = 85e9 * unit::B;
    out.libraries = {{"cublaslt", "13.0.2"}};
    return out;
}

MeasuredRow row() {
    MeasuredRow out;
    out.point          = {KernelKind::mla_decode, "fp8_flashmla", {128, 2, 4096, 16}};
    out.implementation = "flashinfer-0.5.2";
    out.time           = 123.456 * unit::us;
    out.spread         = 0.004;
    out.samples        = 40;
    out.discarded      = 2;
    out.stopped        = Stopped::wall_time;
    out.held_sms       = 20;
    out.dram           = 1e9 * unit::B;
    out.clock          = "cupti";
    out.kernels        = {"kernel<\"a\">", "combine"};
    out.error          = 0.003;
    return out;
}

const SkippedRow kSkipped{{KernelKind::all_reduce, "bf16", {8, 1 << 20}}, "nccl-2.28.3", "1 GPU", 0};

std::string error_of(const std::string& text) {
    try {
        read_measurements(text, "m.jsonl");
    } catch (const SpecError& e) {
        return e.what();
    }
    return "";
}

}  // namespace

TEST_CASE("measurements: lines come back as they were written", "[hw][measurements]") {
    const auto read = read_measurements(to_line(device()) + to_line(row()) + to_line(kSkipped), "m.jsonl");
    REQUIRE(read.size() == 1);
    CHECK(read[0].device == device());
    CHECK(read[0].rows == std::vector<MeasuredRow>{row()});
    CHECK(read[0].skipped == std::vector<SkippedRow>{kSkipped});
}

TEST_CASE("measurements: a file cut at any byte reads without its last row", "[hw][measurements]") {
    const std::string head = to_line(device()), whole = head + to_line(row());
    for (std::size_t bytes = head.size(); bytes < whole.size(); ++bytes)
        CHECK(read_measurements(whole.substr(0, bytes), "m.jsonl").at(0).rows.empty());
}

TEST_CASE("measurements: a second device opens a second list", "[hw][measurements]") {
    const std::string once = to_line(device()) + to_line(row());
    const auto read        = read_measurements(once + once, "m.jsonl");
    REQUIRE(read.size() == 2);
    CHECK(read[1].rows.size() == 1);
}

TEST_CASE("measurements: a wrong line is named by file and line", "[hw][measurements]") {
    CHECK_THAT(error_of(to_line(row())), Catch::Contains("m.jsonl:1: expected {\"device\""));
    CHECK_THAT(error_of(to_line(device()) + "{\"kernel\":\"gemm\"}\n"), Catch::Contains("m.jsonl:2: /m"));
    CHECK_THAT(error_of(to_line(device()) + "\nnonsense\n"), Catch::Contains("m.jsonl:3"));
}
