#include "sim/overrides.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "hw/spec_reader.h"
#include "hw/text.h"

namespace isobath {
namespace {

using nlohmann::json;

json value_of(const std::string& text) {
    json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
    return value.is_discarded() ? json(text) : value;
}

std::vector<std::string> keys_of(const std::string& path) {
    std::vector<std::string> keys;
    std::istringstream in(path.substr(1));
    for (std::string key; std::getline(in, key, '/');) keys.push_back(key);
    return keys;
}

void apply(const Override& o, json& scenario) {
    json* at = &scenario;
    for (const std::string& key : keys_of(o.path)) {
        if (at->is_string()) *at = json{{"extends", *at}};
        if (!at->is_object()) fail_at(o.shown, "", "no such place in the scenario");
        at = &(*at)[key];
        if (at->is_null()) *at = json::object();
    }
    *at = value_of(o.value);
}

}  // namespace

Override parse_override(const std::string& text) {
    const auto sign = text.find('=');
    if (sign == text.npos || sign == 0)
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
