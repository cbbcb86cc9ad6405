#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sim/cli/command.h"
#include "tests/catch.h"
#include "tests/sim/said.h"
#include "tests/temporary_folder.h"

using namespace isobath;
namespace fs = std::filesystem;

namespace {

/// 12 shapes of a product that takes 3 us and 1 us per MB of weights.
std::string gemm_table(const std::string& device) {
    std::string text = "framework,version,device,kernel_source,gemm_dtype,m,n,k,latency\n";
    for (const int n : {2048, 4096, 8192, 16384})
        for (const int m : {1, 8, 32})
            text += "TRTLLM,1.0," + device + ",torch_flow,bfloat16," + std::to_string(m) + "," +
                    std::to_string(n) + ",7168," + std::to_string(0.003 + n * 7168 * 2e-9) + "\n";
    return text;
}

}  // namespace

TEST_CASE("calibrate import: a folder of CSV tables becomes a calibration of the GPU asked for",
          "[sim][cli][silicon]") {
    const TemporaryFolder folder;
    folder.write("gemm_h200_sxm.csv", gemm_table("NVIDIA H200"));
    folder.write("gemm_perf.csv", gemm_table("NVIDIA H100 80GB HBM3"));
    const std::string out = folder / "mine.json";
    for (const std::string gpu : {"h200", "h100"}) {
        const Said said = say({"calibrate", "import", "--silicon", folder.path(), "--gpu", gpu, "-o", out});
        CHECK(said.err.empty());
        REQUIRE(said.code == cli::kDone);
        const auto json = nlohmann::json::parse(std::ifstream(out));
        CHECK(json["gpu"] == gpu);
        const auto& fitted = json["families"]["gemm_bf16"]["implementations"]["trtllm-1.0"];
        const int seen = fitted["residuals"]["rows"], unseen = fitted["unseen"]["held_back"]["rows"];
        CHECK(seen + unseen == 12);
    }
    const Said shown = say({"calibrate", "show", out});
    CHECK(shown.out.find("Rows held back") != std::string::npos);
    CHECK(shown.out.find("Whole shapes left out") != std::string::npos);
    CHECK(say({"calibrate", "show", out, "--svg", folder / "fit.svg"}).code == cli::kDone);
    CHECK(fs::file_size(folder / "fit.svg") > 1000);
    CHECK(say({"calibrate", "show", "h800", "--svg", folder / "none.svg"}).err.find("no held-back row") !=
          std::string::npos);
}

TEST_CASE("calibrate import: what is missing is said in one line", "[sim][cli][silicon]") {
    const TemporaryFolder folder;
    folder.write("gemm_h200_sxm.csv", gemm_table("NVIDIA H200"));
    const std::string dir = folder.path();
    CHECK(say({"calibrate", "import"}).err ==
          "isobath calibrate import: --silicon DIR is missing; it names a folder of CSV tables\n");
    const Said other = say({"calibrate", "import", "--silicon", dir, "--gpu", "b200"});
    CHECK(other.code == cli::kUserError);
    CHECK(other.err.find("no .csv table of b200; allowed: ") != std::string::npos);
    CHECK(say({"calibrate", "fit", folder / "none.csv"}).err.find("none.csv") != std::string::npos);
}

TEST_CASE("calibrate lint: a row that cannot be right is listed, and import leaves it out",
          "[sim][cli][silicon]") {
    const TemporaryFolder folder;
    std::string text = gemm_table("NVIDIA H200");
    text +=
        "TRTLLM,1.0,NVIDIA H200,torch_flow,bfloat16,4096,4096,4096,0.05\n";  // the tensor cores need 139 us
    folder.write("gemm_h200_sxm.csv", text);
    const std::string dir = folder.path();
    const Said said       = say({"calibrate", "lint", "--silicon", dir});
    CHECK(said.out.find("13 times in 1 files; 1 rows break a rule") != std::string::npos);
    CHECK(said.out.find("gemm_h200_sxm.csv:14: roofline: 50 us; ") != std::string::npos);
    const auto json = nlohmann::json::parse(say({"calibrate", "lint", "--silicon", dir, "--json"}).out);
    CHECK(json["findings"][0]["key"] == "torch_flow|bfloat16|4096|4096|4096");
    const Said fitted =
        say({"calibrate", "import", "--silicon", dir, "--gpu", "h200", "-o", folder / "mine.json"});
    CHECK(fitted.out.find("1 break a rule and are left out") != std::string::npos);
    CHECK(fitted.out.find("Rows held back") != std::string::npos);
}
