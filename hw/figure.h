/// A figure of a data file with its interval and its source: {"value", "low", "high", "source"}.
#pragma once

#include <string>

#include "hw/spec_reader.h"

namespace isobath {

template <class T>
struct Figure {
    T value{}, low{}, high{};
    std::string source;
};

/// Reads a plain number with its interval. Throws SpecError unless low <= value <= high.
inline Figure<double> read_figure(SpecReader& in, const std::string& key) {
    SpecReader entry = in.object(key);
    Figure<double> f{entry.number("value"), 0, 0, ""};
    f.low    = entry.number_or("low", f.value);
    f.high   = entry.number_or("high", f.value);
    f.source = entry.text("source");
    entry.finish();
    if (!(f.low <= f.value && f.value <= f.high)) in.fail(key, "expected low <= value <= high");
    return f;
}

/// Reads a quantity with its interval, as read_figure().
template <class Q>
Figure<Q> read_quantity_figure(SpecReader& in, const std::string& key) {
    SpecReader entry = in.object(key);
    Figure<Q> f{entry.quantity<Q>("value"), {}, {}, ""};
    f.low    = entry.quantity_or<Q>("low", f.value);
    f.high   = entry.quantity_or<Q>("high", f.value);
    f.source = entry.text("source");
    entry.finish();
    if (!(f.low <= f.value && f.value <= f.high)) in.fail(key, "expected low <= value <= high");
    return f;
}

}  // namespace isobath
