#include "sim/calibration_figure.h"

#include "sim/plot/grid.h"
#include "sim/plot/svg.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

UnseenScores two_rows() {
    UnseenScores out;
    out.held_back.rows   = 2;
    out.held_back.median = 0.05;
    out.held_back.p90    = 0.12;
    out.sample           = {{10, 11}, {2000, 1900}};
    return out;
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("calibration figure: every held-back row stands at its measured and its fitted time",
          "[sim][figure]") {
    const plot::Figure figure = unseen_figure("gemm", two_rows());
    CHECK(figure.subtitle == "2 rows held back: median error 5.0 %, nine of ten within 12.0 %");
    const auto& dots = std::get<plot::Scatter>(figure.marks[2]);
    CHECK(dots.points[0].x == Approx(10e-6));
    CHECK(dots.points[0].y == Approx(11e-6));
    CHECK(dots.tooltips[1] == "measured 2000 us, fitted 1900 us (-5.0 %)");
    CHECK(*figure.x.low < 10e-6);
    CHECK(*figure.y.high > 2000e-6);
}

TEST_CASE("calibration figure: a calibration without held-back rows has none", "[sim][figure]") {
    CHECK(unseen_figures(load_calibration(DataFiles(), "h800")).empty());
}

TEST_CASE("plot: a grid holds every figure, row by row", "[sim][plot]") {
    const std::vector<plot::Figure> three(3, unseen_figure("gemm", two_rows()));
    const std::string svg = plot::grid_svg(three, 2, {400, 300});
    CHECK(count(svg, "<svg ") == 4);
    CHECK(svg.find("viewBox=\"0 0 800 600\"") != std::string::npos);
    CHECK(svg.find("translate(0,300)") != std::string::npos);
    CHECK(plot::grid_svg({three.data(), 1}, 2, {400, 300}) == plot::to_svg(three[0], {{400, 300}}));
}
