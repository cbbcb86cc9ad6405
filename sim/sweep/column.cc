#include "sim/sweep/column.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include <fmt/format.h>

#include "hw/text.h"

namespace isobath::sweep {
namespace {

using nlohmann::json;

/// The keys of a JSON pointer, "~1" and "~0" read back.
std::vector<std::string> keys_of(const std::string& pointer) {
    std::vector<std::string> keys;
    std::istringstream in(pointer.substr(1));
    for (std::string key; std::getline(in, key, '/');) {
        for (const auto& [written, meant] : {std::pair{"~1", "/"}, std::pair{"~0", "~"}})
            for (auto at = key.find(written); at != key.npos; at = key.find(written, at + 1))
                key.replace(at, 2, meant);
        keys.push_back(key);
    }
    return keys;
}

bool is_number(const std::string& text) {
    return !text.empty() && text.size() < 7 && text.find_first_not_of("0123456789") == text.npos;
}

[[noreturn]] void fail_unknown(const json& at, const std::string& name, const std::string& pointer,
                               const SpecReader& in, const std::string& key) {
    std::vector<std::string_view> known;
    const json none = json::object();
    for (const auto& [other, value] : (at.contains("properties") ? at["properties"] : none).items())
        known.push_back(other);
    const std::string_view near = nearest(name, known);
    in.fail(key, fmt::format("no \"{}\" in the result; {}", clipped(pointer),
                             known.empty()  ? "it ends before"
                             : near.empty() ? "known there: " + clipped(joined(known), 400)
                                            : fmt::format("did you mean \"{}\"?", near)));
}

const json& part_of(const json& schema, const std::string& pointer, const SpecReader& in,
                    const std::string& key) {
    const json* at = &schema;
    for (const std::string& name : keys_of(pointer)) {
        if (at->contains("properties") && (*at)["properties"].contains(name))
            at = &(*at)["properties"][name];
        else if (at->contains("items") && is_number(name))
            at = &(*at)["items"];
        else
            fail_unknown(*at, name, pointer, in, key);
    }
    return *at;
}

bool holds(const json& types, const char* type) {
    if (types.is_string()) return types == type;
    for (const json& one : types)
        if (one == type) return true;
    return false;
}

}  // namespace

void Cell::set(double value) {
    kind   = std::isfinite(value) ? Kind::number : Kind::null;
    number = std::isfinite(value) ? value : 0;
}

void Cell::set_truth(bool value) {
    kind   = Kind::boolean;
    number = value;
}

void Cell::set_text(std::string_view value) {
    kind = Kind::text;
    text = value;
}

void read_cell(const json& result, const std::string& pointer, Cell& cell) {
    cell = {};
    const json::json_pointer place(pointer);
    if (!result.contains(place)) return;
    const json& value = result[place];
    if (value.is_number()) cell.set(value.get<double>());
    if (value.is_boolean()) cell.set_truth(value.get<bool>());
    if (value.is_string()) cell.set_text(value.get_ref<const std::string&>());
}

Column column_of(const json& schema, const std::string& pointer, const SpecReader& in,
                 const std::string& key) {
    const json& part = part_of(schema, pointer, in, key);
    const json types = part.contains("enum") ? json("string") : part.value("type", json(""));
    Column out{pointer, ColumnType::number, part.value("description", "")};
    if (holds(types, "number")) return out;
    out.type = holds(types, "integer")   ? ColumnType::integer
               : holds(types, "boolean") ? ColumnType::boolean
                                         : ColumnType::text;
    if (out.type == ColumnType::text && !holds(types, "string"))
        in.fail(key, fmt::format("\"{}\" is not a single value; name one in it", clipped(pointer)));
    return out;
}

}  // namespace isobath::sweep
