/// Where one number comes from: its equation, every input with its origin, the steps between, its interval.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hw/calibration.h"
#include "hw/estimate.h"
#include "hw/figure.h"

namespace isobath {

/// A number (or a word) with its unit and where it comes from.
struct Known {
    std::string name;
    double value = 0;          ///< in `unit`
    std::string unit;          ///< "s", "B", "FLOP", "B/s", "FLOP/s", or a counted thing: "tokens"
    double low = 0, high = 0;  ///< 80 % interval; equal to value where none is stated
    std::string from;          ///< of an input: field, preset, table. Of a step: its formula
    std::string word;          ///< shown instead of the number, where the input is a name: "fp8-block"

    bool uncertain() const { return low != high; }
};

Known known(std::string name, double value, std::string unit, std::string from);
Known known(std::string name, Seconds value, std::string from);
Known known(std::string name, Bytes value, std::string from);
Known known(std::string name, Flops value, std::string from);
Known known(std::string name, BytesPerSecond value, std::string from);
Known known(std::string name, FlopsPerSecond value, std::string from);
Known known(std::string name, const Estimate& value, std::string from);
Known named(std::string name, std::string word, std::string from);

/// `known` with an interval around it.
Known between(Known k, double low, double high);

inline double base_of(double x) {
    return x;
}
template <int S, int B, int F>
double base_of(Quantity<S, B, F> q) {
    return q.base();
}

inline Known plain(std::string name, double value, std::string from) {
    return known(std::move(name), value, "", std::move(from));
}
template <class Q>
Known plain(std::string name, Q value, std::string from) {
    return known(std::move(name), value, std::move(from));
}

/// A constant of a fit, and a figure of a preset, whose own source stands behind `where`.
template <class T>
Known fitted(std::string name, const Fitted<T>& f, std::string from) {
    return between(plain(std::move(name), f.value, std::move(from)), base_of(f.low), base_of(f.high));
}
template <class T>
Known figure(std::string name, const Figure<T>& f, const std::string& where) {
    return between(plain(std::move(name), f.value, where + ": " + f.source), base_of(f.low), base_of(f.high));
}

struct Explanation {
    std::string op, title;
    std::vector<std::string> equation;  ///< lines
    std::vector<Known> inputs, steps;   ///< the last step is the result, worked out from what stands above it
    Known result;                       ///< as the evaluation has it
    double runs = 0;                    ///< times that one GPU runs it in a step; 0: not a thing that runs
    std::string source, bound;          ///< empty where they mean nothing
};

/// Takes the last step as the derived result. Throws std::logic_error if it is not `result`: an explanation
/// that does not lead to the number is worse than none.
void close(Explanation& e);

/// {"op", "title", "equation", "inputs", "steps", "result_s" or "value" and "unit", "low", "high", ...}.
nlohmann::json to_json(const Explanation& e);

/// At most 100 columns; long sources stand once, numbered, at the end.
std::string to_text(const Explanation& e, bool colour);

/// "12.3 us", "4.1 GiB", "64 tokens": four significant digits.
std::string show(double value, const std::string& unit);

}  // namespace isobath
