#include "sim/overrides.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "sim/scenario_fields.h"

namespace isobath {
namespace {

using nlohmann::json;

/// Text that opens an object or a list was meant as JSON, so that a slip in it is said.
json value_of(const Override& o) {
    const bool structured = o.value.find_first_of("{[") == 0;
    if (structured) return parse_json(o.value, o.shown);
    json value = json::parse(o.value, nullptr, /*allow_exceptions=*/false);
    return value.is_discarded() ? json(o.value) : value;
}

std::vector<std::string> keys_of(const std::string& path) {
    std::vector<std::string> keys;
    std::istringstream in(path.substr(1));
    for (std::string key; std::getline(in, key, '/');) keys.push_back(key);
    return keys;
}

/// Whether a preset's name stands at `path`, so that a change of one of its fields makes sense.
bool may_extend(const std::string& path) {
    const Field* field = find_field(path);
    return path == "/cluster" || (field && std::holds_alternative<PresetText& (*)(Scenario&)>(field->slot));
}

void apply(const Override& o, json& scenario) {
    json* at = &scenario;
    std::string path;
    for (const std::string& key : keys_of(o.path)) {
        if (at->is_string() && may_extend(path)) *at = json{{"extends", *at}};
        if (at->is_null()) *at = json::object();
        if (!at->is_object() || (find_field(path) && !may_extend(path)))
            fail_at(o.shown, "", fmt::format("{} holds no fields", clipped(path)));
        at = &(*at)[key];
        path += "/" + key;
    }
    *at = value_of(o);
}

}  // namespace

namespace {

/// JSON is UTF-8, and so a scenario written out must be.
bool is_utf8(const std::string& text) {
    try {
        return !json(text).dump().empty();
    } catch (const json::type_error&) {
        return false;
    }
}

}  // namespace

Override parse_override(const std::string& text) {
    if (!is_utf8(text)) throw SpecError("--set " + clipped(text) + ": expected UTF-8 text");
    const auto sign = text.find('=');
    if (sign == text.npos || sign == 0 || text.substr(0, sign) == "/")
        throw SpecError("--set " + clipped(text) + ": expected path=value, such as layout.experts.ep=32");
    std::string path = text.substr(0, sign);
    if (path.front() != '/') {
        std::replace(path.begin(), path.end(), '.', '/');
        path.insert(path.begin(), '/');
    }
    return {path, text.substr(sign + 1), "--set " + clipped(text)};
}

void apply_overrides(const std::vector<Override>& overrides, json& scenario) {
    for (const Override& o : overrides) apply(o, scenario);
}

}  // namespace isobath
