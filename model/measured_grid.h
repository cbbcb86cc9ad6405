/// Measured points laid out for quick questions: what was measured here, or on all sides of here?
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "hw/measured_points.h"
#include "model/op.h"

namespace isobath {

/// A time from measured points: of the very point, or between its neighbours.
struct GridTime {
    Seconds time;
    bool exact = false;
};

/// Where an op stands on the grid of its family.
struct GridPlace {
    int site_a = 0, site_b = 0;
    double x = 0, y = 0;
};

/// A product: site (n, k) over m. MLA decode with DeepSeek's latent of 512 and rope key of 64: site (heads,
/// query tokens) over batch and cached tokens. Nothing for other ops.
std::optional<GridPlace> grid_place(const Gemm& shape);
std::optional<GridPlace> grid_place(const MlaDecode& shape);
std::optional<GridPlace> grid_place(const Op& op);

/// Interpolates log(time) linearly over log(x) and log(y) inside the grid of one site, never beyond it.
class MeasuredGrid {
  public:
    MeasuredGrid() = default;
    /// Of two points with the same coordinates the faster counts.
    explicit MeasuredGrid(std::span<const MeasuredPoint> points);

    bool empty() const { return sites_.empty(); }

    /// Nothing where the site was not measured, or a corner of the cell around (x, y) is missing.
    /// Allocates nothing.
    std::optional<GridTime> at(const GridPlace& place) const;
    std::optional<GridTime> at(int site_a, int site_b, double x, double y) const {
        return at(GridPlace{site_a, site_b, x, y});
    }

  private:
    /// One axis: values in ascending order, with their logarithms.
    struct Axis {
        std::vector<double> values, logs;
        explicit Axis(std::vector<double> all);
        std::size_t index_of(double value) const;
    };
    struct Site {
        int a = 0, b = 0;
        Axis x, y;
        std::vector<double> times, logs;  ///< seconds, x-major; not a number where nothing was measured

        std::optional<GridTime> at(double at_x, double at_y) const;
    };

    static Site site_of(std::span<const MeasuredPoint> points);

    std::vector<Site> sites_;
};

/// The 80 % factor by which points differ from what their neighbours along x or y say; 1 if none has two.
double neighbour_factor(std::span<const MeasuredPoint> points);

}  // namespace isobath
