#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/plot/svg.h"
#include "tests/catch.h"
#include "tests/sim/plot_samples.h"

using namespace isobath::plot;

namespace {

const std::filesystem::path golden = std::filesystem::path(ISOBATH_ROOT) / "tests" / "golden";

std::string read(const std::filesystem::path& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
}

/// On a mismatch leaves NAME.new.svg beside the golden file, to be looked at and moved over it.
void check_golden(const std::string& name, const std::string& svg) {
    const auto expected = golden / (name + ".svg"), actual = golden / (name + ".new.svg");
    std::filesystem::remove(actual);
    if (std::filesystem::exists(expected) && read(expected) == svg) return;
    std::ofstream(actual) << svg;
    FAIL_CHECK(expected << " differs from what is drawn now; compare it with " << actual);
}

}  // namespace

TEST_CASE("plot: each kind of figure is drawn as it was approved, light and dark", "[sim][plot]") {
    for (const auto& [name, figure] : samples()) {
        check_golden("plot-" + name, to_svg(figure));
        check_golden("plot-" + name + "-dark", to_svg(figure, {.dark = true}));
    }
}
