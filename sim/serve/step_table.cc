#include "sim/serve/step_table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

namespace isobath {
namespace {

constexpr int kMantissa            = 52;  // bits of a double behind its exponent
constexpr int kBias                = 1023;
constexpr std::uint64_t kOne       = std::uint64_t{kBias} << kMantissa;
constexpr std::uint64_t kFractions = (std::uint64_t{1} << kMantissa) - 1;

/// Units at a node.
double units_at(int node, int bits) {
    const int whole = 1 << bits;
    if (node < 2 * whole) return node;
    return std::ldexp(node % whole + whole, node / whole - 1);
}

int nodes_of(const GridTable::Axis& a) {
    if (!(a.unit > 0 && a.most > 0 && a.most / a.unit < 1e12) || a.bits < 0 || a.bits > 12)
        throw std::logic_error("an axis of a grid needs a unit above 0 and an end");
    int node = 1;
    while (units_at(node, a.bits) < a.most / a.unit) ++node;
    return node + 1;
}

}  // namespace

/// The node before a value, and how far it is from there to the next one: above 0, up to 1.
struct GridTable::Place {
    int node    = 0;
    double part = 0;
};

/// Above 2^bits units the node is the exponent and the mantissa's leading bits; what follows them is the
/// part.
GridTable::Place GridTable::place_on(const Scale& s, double value) {
    const double units = value * s.per_unit, whole = 1 << s.bits;
    if (!(units > whole)) {
        const double inside = std::max(0.0, units);
        const int node      = std::max(0, static_cast<int>(std::ceil(inside)) - 1);
        return {node, inside - node};
    }
    const std::uint64_t word = std::bit_cast<std::uint64_t>(units) - 1;  // a node's value ends its cell
    const int node = static_cast<int>(word >> (kMantissa - s.bits)) - ((kBias + s.bits - 1) << s.bits);
    if (node < s.nodes - 1) return {node, std::bit_cast<double>(kOne | ((word << s.bits) & kFractions)) - 1};
    const double last = units_at(s.nodes - 1, s.bits), before = units_at(s.nodes - 2, s.bits);
    return {s.nodes - 2, (units - before) / (last - before)};
}

GridTable::GridTable(Axis x, Axis y, const std::function<double(double, double)>& f)
    : x_{1 / x.unit, x.bits, nodes_of(x)}, y_{1 / y.unit, y.bits, nodes_of(y)} {
    constexpr double behind = 1 + 1e-8;
    values_.reserve(2 * static_cast<std::size_t>(x_.nodes) * static_cast<std::size_t>(y_.nodes));
    for (int cell = 0; cell + 1 < x_.nodes; ++cell)
        for (const double at : {units_at(cell, x.bits) * behind, units_at(cell + 1, x.bits)})
            for (int node = 0; node < y_.nodes; ++node)
                values_.push_back(f(at * x.unit, units_at(node, y.bits) * y.unit));
}

double GridTable::operator()(double x, double y) const {
    if (values_.empty()) return 0;
    const Place cell = place_on(x_, x), column = place_on(y_, y);
    const double* at    = values_.data() + 2 * cell.node * y_.nodes + column.node;
    const double* next  = at + y_.nodes;
    const double before = at[0] + column.part * (at[1] - at[0]);
    const double after  = next[0] + column.part * (next[1] - next[0]);
    return before + cell.part * (after - before);
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
