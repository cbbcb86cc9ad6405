#include "model/balance/load_file.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "model/balance/load_rows.h"

namespace isobath {
namespace {

using nlohmann::json;

constexpr const char* kForms =
    "expected \"logical_count\" (SGLang) or \"schema\": 1 with \"layers\": [[tokens of each expert], ...]";

std::vector<double> row_of(const json& values, const LoadRows& rows, const std::string& path) {
    if (!values.is_array()) rows.fail(path, "expected an array of counts, one per expert");
    std::vector<double> row;
    for (std::size_t e = 0; e < values.size(); ++e) {
        const std::string at = fmt::format("{}/{}", path, e);
        if (!values[e].is_number())
            rows.fail(at,
                      fmt::format("{}; expected a number from 0 to {:g}",
                                  clipped(values[e].dump(-1, ' ', true, json::error_handler_t::replace), 40),
                                  LoadRows::kMostTokens));
        row.push_back(rows.checked(values[e].get<double>(), at));
    }
    return row;
}

void add_table(const json& table, const std::vector<int>& ids, LoadRows& rows, const std::string& path) {
    if (!table.is_array() || table.empty() || table.size() > std::size_t(LoadRows::kMostLayers))
        rows.fail(path, fmt::format("expected an array of 1 to {} layers", LoadRows::kMostLayers));
    for (std::size_t l = 0; l < table.size(); ++l) {
        const std::string at = fmt::format("{}/{}", path, l);
        rows.add_row(ids.empty() ? int(l) : ids[l], row_of(table[l], rows, at), at);
    }
}

/// [layers][experts], or [steps][layers][experts].
void add_tables(const json& tables, LoadRows& rows, const std::string& path) {
    const bool steps = tables.is_array() && !tables.empty() && tables[0].is_array() && !tables[0].empty() &&
                       tables[0][0].is_array();
    if (!steps) return add_table(tables, {}, rows, path);
    for (std::size_t s = 0; s < tables.size(); ++s) {
        if (!tables[s].is_array() || tables[s].size() != tables[0].size())
            rows.fail(fmt::format("{}/{}", path, s),
                      fmt::format("expected {} layers as in the step before", tables[0].size()));
        add_table(tables[s], {}, rows, fmt::format("{}/{}", path, s));
    }
}

std::vector<int> layer_ids(const json& ids, std::size_t layers, const LoadRows& rows) {
    std::vector<int> out;
    for (const json& id : ids.is_array() ? ids : json::array()) {
        const bool whole =
            id.is_number_integer() && id.get<double>() >= 0 && id.get<double>() < LoadRows::kMostLayers;
        if (!whole || (!out.empty() && id.get<int>() <= out.back())) break;
        out.push_back(id.get<int>());
    }
    if (out.size() != layers)
        rows.fail("/layer_ids", fmt::format("expected {} rising whole numbers from 0 to {}, one per layer",
                                            layers, LoadRows::kMostLayers - 1));
    return out;
}

ExpertLoad read_own(const json& value, const std::string& shown) {
    SpecReader in(value, shown);
    in.integer("schema", 1, 1);
    const std::string source = in.text("source", "");
    const json& table        = in.raw("layers");
    LoadRows rows(shown);
    std::vector<int> ids;
    if (in.has("layer_ids")) ids = layer_ids(in.raw("layer_ids"), table.is_array() ? table.size() : 0, rows);
    in.finish();
    add_table(table, ids, rows, "/layers");
    return rows.finish(source);
}

ExpertLoad read_json_load(std::string_view text, const std::string& shown) {
    const json value = parse_json(text, shown);
    if (!value.is_object()) fail_at(shown, "/", std::string("not an expert load; ") + kForms);
    if (value.contains("schema")) return read_own(value, shown);
    if (!value.contains("logical_count")) fail_at(shown, "/", std::string("not an expert load; ") + kForms);
    LoadRows rows(shown);
    add_tables(value["logical_count"], rows, "/logical_count");
    return rows.finish("SGLang expert distribution, " + shown);
}

}  // namespace

ExpertLoad read_expert_load(std::string_view text, const std::string& shown) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == text.npos) fail_at(shown, "", "is empty; expected an expert load in JSON or CSV");
    if (text.starts_with("PK"))
        fail_at(shown, "", "is a zip archive (PyTorch's .pt?); expected its logical_count written as JSON");
    if (text[first] == '{' || text[first] == '[' || text[first] == '/') return read_json_load(text, shown);
    LoadRows rows(shown);
    read_load_csv(text, rows);
    return rows.finish("CSV, " + shown);
}

ExpertLoad load_expert_load(const std::filesystem::path& file) {
    return read_expert_load(read_text(file), clipped(file.string(), 400));
}

std::string to_json_text(const ExpertLoad& load) {
    json layers = json::array();
    for (int l = 0; l < load.layers; ++l) {
        const auto row = load.layer(l);
        layers.push_back(json(std::vector<double>(row.begin(), row.end())));
    }
    json out{{"schema", 1}, {"source", load.source}, {"layers", layers}};
    if (!load.layer_ids.empty()) out["layer_ids"] = load.layer_ids;
    return out.dump(-1, ' ', true, json::error_handler_t::replace);
}

}  // namespace isobath
