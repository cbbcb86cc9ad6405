#include <cstdlib>
#include <nlohmann/json.hpp>

#include "model/calibrate/fit_calibration.h"
#include "model/calibrate/silicon_import.h"
#include "model/calibrate/silicon_kernels.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

bool is_experts(const KernelTable& table) {
    return table.kernel.starts_with("fused_moe") || table.kernel.starts_with("experts");
}

}  // namespace

TEST_CASE("shipped experts: fitting the tables again gives the shipped constants", "[model][silicon]") {
    const char* folder = std::getenv("ISOBATH_SILICON");
    if (!folder) {
        WARN("skipped: ISOBATH_SILICON names no folder of kernel tables");
        return;
    }
    const DataFiles data;
    for (const char* name : {"h100", "h200", "b200"}) {
        std::vector<KernelTable> tables = kernel_tables(import_silicon(data, folder, name).tables);
        std::erase_if(tables, [](const KernelTable& table) { return !is_experts(table); });
        const auto again =
            nlohmann::json::parse(to_json(fit_calibration(load_gpu(data, name), tables, name)));
        const auto shipped = nlohmann::json::parse(to_json(load_calibration(data, name)));
        for (const auto& [family, fitted] : again["families"].items()) {
            if (family == "streaming") continue;  // attention's modules tell more of it
            for (const auto& [implementation, one] : fitted["implementations"].items()) {
                INFO(name << " " << family << " " << implementation);
                const auto& before = shipped["families"][family]["implementations"][implementation];
                CHECK(one["constants"] == before["constants"]);
                CHECK(one["residuals"] == before["residuals"]);
            }
        }
    }
}
