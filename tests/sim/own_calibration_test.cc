// From a few measured rows to a scenario that runs on them, as a user with a GPU goes.
#include <nlohmann/json.hpp>

#include "hw/measurements.h"
#include "tests/catch.h"
#include "tests/sim/said.h"
#include "tests/temporary_folder.h"

using namespace isobath;

namespace {

constexpr const char* kScenario = "deepseek-v3-decode-ep72-h100";

/// The query projection of the scenario's 128 rows, in 20 us: no kernel of the shipped tables takes that.
std::string rows_by(const std::string& implementation) {
    MeasuredDevice device;
    device.name = "NVIDIA H100 80GB HBM3", device.gpu = "h100", device.sm_count = 132;
    MeasuredRow row;
    row.point          = {KernelKind::gemm, "fp8_block", {128, 24576, 1536}};
    row.implementation = implementation;
    row.time           = 20 * unit::us;
    row.samples        = 30;
    return to_line(device) + to_line(row);
}

nlohmann::json op(const nlohmann::json& run, const std::string& name) {
    for (const auto& each : run["step"]["ops"])
        if (each["name"] == name) return each;
    return {};
}

nlohmann::json run_with(const std::string& calibration) {
    return nlohmann::json::parse(
        say({"run", kScenario, "--json", "--set", "calibration=" + calibration}).out);
}

/// The calibration of h100 with these rows laid over it.
Said fit_over(const TemporaryFolder& folder, const std::string& rows) {
    return say({"calibrate", "fit", folder.write("rows.jsonl", rows), "--gpu", "h100", "--base", "h100", "-o",
                folder / "mine.json"});
}

}  // namespace

TEST_CASE("own calibration: one measured row is used as measured, the rest as shipped", "[sim][calibrate]") {
    const TemporaryFolder folder;
    REQUIRE(fit_over(folder, rows_by("cublaslt-13.0")).code == cli::kDone);
    const auto mine = run_with(folder / "mine.json"), shipped = run_with("h100");
    CHECK(op(mine, "q_b")["time_s"].get<double>() == Approx(20e-6));
    CHECK(op(mine, "q_b")["source"] == "measured");
    CHECK(op(shipped, "q_b")["source"] == "fitted");
    CHECK(op(mine, "core") == op(shipped, "core"));
}

TEST_CASE("own calibration: our own kernel's row does not displace a library's", "[sim][calibrate]") {
    const TemporaryFolder folder;
    REQUIRE(fit_over(folder, rows_by("isobath")).code == cli::kDone);
    CHECK(op(run_with(folder / "mine.json"), "q_b") == op(run_with("h100"), "q_b"));
}

TEST_CASE("own calibration: a wrong base or file is named", "[sim][calibrate]") {
    const TemporaryFolder folder;
    const std::string rows = folder.write("rows.jsonl", rows_by("cublaslt-13.0"));
    const Said base        = say({"calibrate", "fit", rows, "--gpu", "h100", "--base", "b200"});
    CHECK(base.code == cli::kUserError);
    CHECK(base.err.find("--base is of b200, the rows are of h100") != base.err.npos);
    const Said file = say({"run", kScenario, "--set", "calibration=nowhere.json"});
    CHECK(file.code == cli::kUserError);
    CHECK(file.err.find("nowhere.json") != file.err.npos);
}
