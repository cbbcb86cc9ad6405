#include "sim/sweep/dimension.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "sim/sweep/axis_value.h"
#include "sim/sweep/range.h"
#include "sim/sweep/sampling.h"

namespace isobath::sweep {
namespace {

using nlohmann::json;

constexpr std::string_view kSamples[] = {"sobol", "latin-hypercube"};

Dimension read_zip(SpecReader& in, const DataFiles& data) {
    Dimension out;
    in.each("zip", [&](SpecReader& one) {
        out.axes.push_back(read_axis(one, data));
        if (out.axes.back().size() != out.rows())
            one.fail("", fmt::format("{} values, but the first of the zip has {}", out.axes.back().size(),
                                     out.rows()));
    });
    if (out.axes.empty()) in.fail("zip", "expected a list of at least one axis");
    return out;
}

/// An axis of a sample before its points are drawn: a list to pick from, or two ends.
struct Sampled {
    Axis axis;
    std::vector<json> values;
    Ends ends;
    bool whole = false;
};

Sampled read_sampled(SpecReader& in, const DataFiles& data) {
    Sampled s;
    s.axis.path = read_path(in);
    if (in.has("values")) {
        Axis listed{s.axis.path, {}, {}};
        read_values(in, data, listed);
        for (std::size_t i = 0; i < listed.size(); ++i) s.values.push_back(json::parse(listed.text(i)));
        return s;
    }
    s.ends  = read_ends(in);
    s.whole = in.flag_or("whole", is_whole(s.axis.path));
    for (const double end : {s.ends.from, s.ends.to})
        check_value(s.axis.path, value_of(s.ends, end), data, in.file(), in.path());
    return s;
}

/// Whole numbers each get an equal part of the range, ends included.
double number_at(const Sampled& s, double share) {
    if (!s.whole) return s.ends.at(share);
    const double low = std::min(s.ends.from, s.ends.to), high = std::max(s.ends.from, s.ends.to);
    Ends wider = s.ends;
    wider.from = low - (s.ends.log ? 0 : 0.5);
    wider.to   = high + (s.ends.log ? 0 : 0.5);
    return std::clamp(std::round(wider.at(share)), low, high);
}

void add_value(const json& value, Axis& axis, bool numbers) {
    if (numbers)
        axis.numbers.push_back(value.get<double>());
    else
        axis.texts.push_back(value.is_number() ? json_of(value.get<double>()) : value.dump());
}

void place(Sampled& s, const std::vector<double>& cube, std::size_t column, std::size_t width) {
    const bool listed = !s.values.empty();
    const bool numbers =
        listed ? std::all_of(s.values.begin(), s.values.end(), [](const json& v) { return v.is_number(); })
               : s.ends.unit.empty();
    for (std::size_t i = column; i < cube.size(); i += width)
        add_value(listed ? s.values[static_cast<std::size_t>(cube[i] * double(s.values.size()))]
                         : value_of(s.ends, number_at(s, cube[i])),
                  s.axis, numbers);
}

Dimension read_sample(SpecReader& in, const DataFiles& data) {
    const std::size_t method = in.choice("sample", kSamples);
    const auto count         = static_cast<std::size_t>(in.integer("count", 1, kMostRows));
    const auto seed          = static_cast<std::uint64_t>(in.integer_or("seed", 1));
    std::vector<Sampled> sampled;
    in.each("of", [&](SpecReader& one) { sampled.push_back(read_sampled(one, data)); });
    const auto width = static_cast<int>(sampled.size());
    if (width == 0 || (method == 0 && width > kSobolDimensions))
        in.fail("of", fmt::format("{} axes; allowed: 1 to {}", width, kSobolDimensions));
    const std::vector<double> cube =
        method == 0 ? sobol_sample(count, width, seed) : latin_hypercube(count, width, seed);
    Dimension out;
    for (std::size_t i = 0; i < sampled.size(); ++i) {
        place(sampled[i], cube, i, sampled.size());
        out.axes.push_back(std::move(sampled[i].axis));
    }
    return out;
}

}  // namespace

Dimension read_dimension(SpecReader& in, const DataFiles& data) {
    if (in.has("zip")) return read_zip(in, data);
    if (in.has("sample")) return read_sample(in, data);
    Axis axis = read_axis(in, data);
    check_distinct(in, axis);
    return {{std::move(axis)}};
}

}  // namespace isobath::sweep
