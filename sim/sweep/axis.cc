#include "sim/sweep/axis.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include <fmt/format.h>

#include "hw/text.h"
#include "sim/sweep/axis_value.h"
#include "sim/sweep/range.h"

namespace isobath::sweep {
namespace {

using nlohmann::json;

bool is_preset(const Field& field) {
    return std::holds_alternative<PresetText& (*)(Scenario&)>(field.slot);
}

/// A field, a section of fields, or something within a preset.
bool is_path(const std::string& path) {
    for (const Field& f : scenario_fields()) {
        const std::string field(f.path);
        if (path == field || field.starts_with(path + "/")) return true;
        if (is_preset(f) && path.starts_with(field + "/")) return true;
    }
    return false;
}

/// Half a number is no value of a list that has text in it.
void to_texts(Axis& axis) {
    for (const double n : axis.numbers) axis.texts.push_back(json_of(n));
    axis.numbers.clear();
}

void add_value(const json& value, Axis& axis) {
    if (value.is_number() && axis.texts.empty()) {
        axis.numbers.push_back(value.get<double>());
        return;
    }
    to_texts(axis);
    axis.texts.push_back(value.is_number() ? json_of(value.get<double>()) : value.dump());
}

}  // namespace

std::string json_of(double number) {
    if (number == std::floor(number) && std::abs(number) < 0x1p53)
        return std::to_string(static_cast<long long>(number));
    return json(number).dump();
}

std::string Axis::text(std::size_t row) const {
    return texts.empty() ? json_of(numbers[row]) : texts[row];
}

std::string pointer_of(const std::string& written) {
    if (written.starts_with('/')) return written;
    std::string path = "/" + written;
    std::replace(path.begin(), path.end(), '.', '/');
    return path;
}

std::string dotted(const std::string& pointer) {
    std::string name = pointer.substr(1);
    std::replace(name.begin(), name.end(), '/', '.');
    return name;
}

std::string read_path(SpecReader& in) {
    const std::string path = pointer_of(in.text("path"));
    if (is_path(path)) return path;
    std::vector<std::string_view> known;
    for (const Field& f : scenario_fields()) known.push_back(f.path);
    const std::string_view near = nearest(path, known);
    in.fail("path", fmt::format("no field \"{}\" in a scenario; {}", clipped(path),
                                near.empty() ? "isobath schema scenario lists them"
                                             : fmt::format("did you mean \"{}\"?", near)));
}

bool is_whole(std::string_view path) {
    const Field* field = find_field(path);
    return field && (std::holds_alternative<int& (*)(Scenario&)>(field->slot) ||
                     std::holds_alternative<std::uint64_t& (*)(Scenario&)>(field->slot));
}

void read_values(SpecReader& in, const DataFiles& data, Axis& axis) {
    const json& list = in.raw("values");
    if (!list.is_array() || list.empty()) in.fail("values", "expected a list of at least one value");
    for (std::size_t i = 0; i < list.size(); ++i) {
        check_value(axis.path, list[i], data, in.file(), fmt::format("{}/values/{}", in.path(), i));
        add_value(list[i], axis);
    }
}

Axis read_axis(SpecReader& in, const DataFiles& data) {
    Axis axis{read_path(in), {}, {}};
    if (in.has("values")) {
        read_values(in, data, axis);
        return axis;
    }
    for (const json& value : read_range(in, is_whole(axis.path))) add_value(value, axis);
    for (std::size_t i = 0; i < axis.size(); ++i)
        check_value(axis.path, json::parse(axis.text(i)), data, in.file(), in.path());
    return axis;
}

void check_distinct(const SpecReader& in, const Axis& axis) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < axis.size(); ++i)
        if (const std::string text = axis.text(i); !seen.insert(text).second)
            in.fail(fmt::format("values/{}", i), clipped(text) + " is there twice");
}

}  // namespace isobath::sweep
