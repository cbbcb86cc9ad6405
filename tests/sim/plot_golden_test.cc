#include "sim/plot/svg.h"
#include "tests/sim/golden.h"
#include "tests/sim/plot_samples.h"

using namespace isobath::plot;

TEST_CASE("plot: each kind of figure is drawn as it was approved, light and dark", "[sim][plot]") {
    for (const auto& [name, figure] : samples()) {
        isobath::golden::check("plot-" + name, to_svg(figure), ".svg");
        isobath::golden::check("plot-" + name + "-dark", to_svg(figure, {.dark = true}), ".svg");
    }
}
