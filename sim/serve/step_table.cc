#include "sim/serve/step_table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

namespace isobath {
namespace {

constexpr int kMantissa = 52;  // bits of a double behind its exponent
constexpr int kBias     = 1023;

/// Node below a value of so many units, and how far it is from there to the next one.
struct Place {
    int node    = 0;
    double part = 0;
};

/// At and above 2^bits units the node is the exponent and the mantissa's leading bits; what follows them is
/// the part.
Place place_of(double units, int bits) {
    const double whole = 1 << bits;
    if (!(units >= whole)) {
        const double inside = std::max(0.0, units);
        const int node      = static_cast<int>(inside);
        return {node, inside - node};
    }
    const auto word      = std::bit_cast<std::uint64_t>(units);
    const int below      = kMantissa - bits;
    const auto node      = static_cast<int>(word >> below) - ((kBias + bits) << bits) + (1 << bits);
    const auto following = word & ((std::uint64_t{1} << below) - 1);
    return {node, static_cast<double>(following) / static_cast<double>(std::uint64_t{1} << below)};
}

/// Units at a node: the way back.
double units_at(int node, int bits) {
    const int whole = 1 << bits;
    if (node < 2 * whole) return node;
    const int octave = node / whole - 1;
    return std::ldexp(node % whole + whole, octave);
}

int nodes_of(const GridTable::Axis& a) {
    if (!(a.unit > 0 && a.most > 0 && a.most / a.unit < 1e12) || a.bits < 0 || a.bits > 12)
        throw std::logic_error("an axis of a grid needs a unit above 0 and an end");
    const Place last = place_of(a.most / a.unit, a.bits);
    return std::max(2, last.node + (last.part > 0 ? 2 : 1));
}

/// The place within the grid; beyond its end the last two nodes' line goes on.
Place inside(const GridTable::Axis& a, int nodes, double value) {
    const double units = value / a.unit;
    Place p            = place_of(units, a.bits);
    if (p.node < nodes - 1) return p;
    const double last = units_at(nodes - 1, a.bits), before = units_at(nodes - 2, a.bits);
    return {nodes - 2, (units - before) / (last - before)};
}

}  // namespace

GridTable::GridTable(Axis x, Axis y, const std::function<double(double, double)>& f)
    : x_(x), y_(y), rows_(nodes_of(x)), columns_(nodes_of(y)) {
    values_.reserve(static_cast<std::size_t>(rows_) * static_cast<std::size_t>(columns_));
    for (int row = 0; row < rows_; ++row)
        for (int column = 0; column < columns_; ++column)
            values_.push_back(f(units_at(row, x_.bits) * x_.unit, units_at(column, y_.bits) * y_.unit));
}

double GridTable::operator()(double x, double y) const {
    if (values_.empty()) return 0;
    const Place row = inside(x_, rows_, x), column = inside(y_, columns_, y);
    const double* at    = values_.data() + row.node * columns_ + column.node;
    const double* next  = at + columns_;
    const double before = at[0] + column.part * (at[1] - at[0]);
    const double after  = next[0] + column.part * (next[1] - next[0]);
    return before + row.part * (after - before);
}

namespace {

Ticks whole(double nanoseconds) {
    return std::max(Ticks{1}, static_cast<Ticks>(std::llround(nanoseconds)));
}

}  // namespace

StepTable::StepTable(GridTable decode, GridTable prefill, double rows)
    : decode_(std::move(decode)), prefill_(std::move(prefill)), rows_(rows) {}

Ticks StepTable::decode(double requests, double cache) const {
    return whole(decode_(requests, cache));
}

Ticks StepTable::prefill(double tokens, double context) const {
    return whole(prefill_(tokens, context));
}

Ticks StepTable::mixed(double tokens, double context, double requests, double cache) const {
    const double all = tokens + rows_ * requests;
    if (tokens <= 0) return decode(requests, cache);
    const double reading = decode_(requests, cache) - decode_(requests, 0);
    return whole(prefill_(all, context * tokens / all) + std::max(0.0, reading));
}

}  // namespace isobath
