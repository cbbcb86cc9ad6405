/// How long steps take, as a table: built once from the step model, read in nanoseconds.
#pragma once

#include <functional>
#include <vector>

#include "hw/units.h"
#include "sim/serve/request.h"

namespace isobath {

/// A function of two numbers from 0 on, linear between the nodes of a grid whose octaves are cut into equal
/// parts: a node at every `unit` below 2^bits of them, then 2^bits nodes an octave. Beyond the last node it
/// goes on as between the last two. Behind a node of x the function may jump, as kernels do that work on
/// tiles: both sides are kept. A look-up takes its place on the grid from the numbers' bits: no search.
class GridTable {
  public:
    struct Axis {
        double most = 1;  ///< the last node is the first one not below
        int bits    = 2;  ///< at least 0
        double unit = 1;  ///< above 0
    };
    GridTable() = default;
    GridTable(Axis x, Axis y, const std::function<double(double x, double y)>& f);
    double operator()(double x, double y) const;
    /// Values that it holds.
    int size() const { return static_cast<int>(values_.size()); }

  private:
    struct Scale {
        double per_unit = 1;
        int bits = 0, nodes = 2;
    };
    struct Place;
    static Place place_on(const Scale& scale, double value);

    Scale x_, y_;
    std::vector<double> values_;  ///< by cell of x: behind its first node, at its last one; by node of y
};

/// Steps of one unit, whole: kernels, communication, host.
class StepTable {
  public:
    StepTable() = default;
    /// Nanoseconds. decode(requests, cache): requests on a rank, mean over the unit's ranks, and cache tokens
    /// of its fullest rank; prefill(tokens, context): new tokens on the busiest rank, and the mean number of
    /// tokens that each of them attends to (half the prompt's length where nothing is cached).
    /// `rows`: tokens that a decoding request brings to a step, drafts and all.
    StepTable(GridTable decode, GridTable prefill, double rows = 1);

    Ticks decode(double requests, double cache) const;
    Ticks prefill(double tokens, double context) const;
    /// Decoding requests carried along in a step that prefills: one step of all tokens, and the cache that
    /// the decoding ones read.
    Ticks mixed(double tokens, double context, double requests, double cache) const;
    /// Evaluations of the step model that it holds.
    int size() const { return decode_.size() + prefill_.size(); }

  private:
    GridTable decode_, prefill_;
    double rows_ = 1;
};

}  // namespace isobath
