#include "sim/schema.h"

#include <nlohmann/json.hpp>

#include "sim/scenario_fields.h"

namespace isobath {
namespace {

using nlohmann::json;

json type_of(const Field& field) {
    struct {
        const Field& f;
        json operator()(int& (*)(Scenario&)) const {
            return {{"type", "integer"}, {"minimum", f.min}, {"maximum", f.max}};
        }
        json operator()(double& (*)(Scenario&)) const {
            return {{"type", "number"}, {"minimum", f.min}, {"maximum", f.max}};
        }
        json operator()(Seconds& (*)(Scenario&)) const {
            return {{"type", "string"}, {"pattern", "^[0-9.eE+-]+ *(ns|us|ms|s)$"}};
        }
        json operator()(Bytes& (*)(Scenario&)) const {
            return {{"type", "string"}, {"pattern", "^[0-9.eE+-]+ *(B|[kMGT]B|[KMG]iB)$"}};
        }
        json operator()(BytesPerSecond& (*)(Scenario&)) const {
            return {{"type", "string"}, {"pattern", "^[0-9.eE+-]+ *([MGT]?B|Gbit)/s$"}};
        }
        json operator()(std::string& (*)(Scenario&)) const { return {{"type", "string"}}; }
        json operator()(std::uint64_t& (*)(Scenario&)) const { return {{"type", "integer"}, {"minimum", 0}}; }
        json operator()(std::vector<double>& (*)(Scenario&)) const {
            return {{"type", "array"},
                    {"items", {{"type", "number"}, {"minimum", f.min}, {"maximum", f.max}}}};
        }
        json operator()(std::vector<std::string>& (*)(Scenario&)) const {
            return {{"type", "array"}, {"items", {{"type", "string"}}}};
        }
        json operator()(PresetText& (*)(Scenario&)) const {
            json types = {"string", "object"};
            if (f.max > 0) types.insert(types.end(), {"number", "array"});
            return {{"type", types}};
        }
        json operator()(ChoiceSlot) const { return {{"enum", f.choices}}; }
    } const type{field};
    return std::visit(type, field.slot);
}

}  // namespace

json scenario_schema() {
    json root{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", "Isobath scenario"},
              {"type", "object"},
              {"required", {"model", "cluster", "phase"}},
              {"additionalProperties", false}};
    for (const Field& field : scenario_fields()) {
        json* at              = &root;
        std::string_view rest = field.path.substr(1);
        for (std::size_t slash; (slash = rest.find('/')) != rest.npos; rest = rest.substr(slash + 1)) {
            json& section = (*at)["properties"][std::string(rest.substr(0, slash))];
            section["type"] =
                section.is_object() && section.contains("type") ? section["type"] : json("object");
            section["additionalProperties"] = false;
            at                              = &section;
        }
        json leaf                              = type_of(field);
        leaf["description"]                    = field.help;
        (*at)["properties"][std::string(rest)] = leaf;
    }
    // A cluster may be a preset's name, or an object that extends one.
    root["properties"]["cluster"]["type"]                  = {"object", "string"};
    root["properties"]["cluster"]["properties"]["extends"] = {{"type", "string"}};
    return root;
}

}  // namespace isobath
