#include <cstdio>
#include <nlohmann/json.hpp>

#include "hw/calibration.h"

namespace isobath {
namespace {

using Json = nlohmann::ordered_json;

/// Nine digits: enough to see that a second fit is the same, few enough to hide the last bits of rounding.
std::string digits(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    return text;
}

Json entry(Seconds value) {
    return digits(value.in(unit::us)) + " us";
}
Json entry(double value) {
    return Json::parse(digits(value));
}

template <class T>
Json entry(const Fitted<T>& fitted) {
    return {{"value", entry(fitted.value)}, {"low", entry(fitted.low)}, {"high", entry(fitted.high)}};
}

Json entry(const PipelineConstants& c) {
    Json out{{"shows", entry(c.shows)}, {"sustained", entry(c.sustained)}};
    if (c.gather.value > Seconds{}) out["gather"] = entry(c.gather);
    if (c.cached.value > 0) out["cached"] = entry(c.cached);
    out["min_tile_n"]  = c.min_tile_n;
    out["most_splits"] = c.most_splits;
    return out;
}

Json entry(const QuantiseConstants& c) {
    return {{"launch", entry(c.launch)}, {"passes", entry(c.passes)}};
}

Json entry(const GemmConstants& c) {
    Json out{{"launch", entry(c.launch)},   {"tile", entry(c.tile)},     {"step", entry(c.step)},
             {"compute", entry(c.compute)}, {"memory", entry(c.memory)}, {"max_tile_n", c.max_tile_n}};
    if (c.pipeline) out["pipeline"] = entry(*c.pipeline);
    if (c.quantise) out["quantise"] = entry(*c.quantise);
    return out;
}

Json entry(const SplitConstants& c) {
    const bool even = c.schedule == KvSchedule::even;
    Json out{{"schedule", even ? "even" : "balanced"},
             {"combine", entry(c.combine)},
             {"partials", entry(c.partials)},
             {"queries", entry(c.queries)}};
    if (even) out["stream"] = entry(c.stream);
    return out;
}

Json entry(const PromptConstants& c) {
    return {{"pass", entry(c.pass)}, {"imbalance", entry(c.imbalance)}, {"slowdown", entry(c.slowdown)}};
}

Json entry(const MoeConstants& c) {
    Json shares = Json::object();
    for (std::size_t i = 0; i < c.compute.size(); ++i)
        shares[std::to_string(int(MoeConstants::kKnots[i]))] = entry(c.compute[i]);
    return {{"launch", entry(c.launch)},           {"per_expert", entry(c.per_expert)},
            {"per_active", entry(c.per_active)},   {"memory", entry(c.memory)},
            {"token_bytes", entry(c.token_bytes)}, {"row_bytes", entry(c.row_bytes)},
            {"compute", std::move(shares)},        {"tile", c.tile}};
}

Json entry(const OverlapConstants& c) {
    Json out{{"launch", entry(c.launch)}, {"compute", entry(c.compute)}, {"memory", entry(c.memory)}};
    if (c.cached.value > 0) out["cached"] = entry(c.cached);
    out["query_tile"] = c.query_tile;
    if (c.split) out["split"] = entry(*c.split);
    if (c.prompt) out["prompt"] = entry(*c.prompt);
    return out;
}

Json entry(const Residuals& r) {
    return {{"rows", r.rows},
            {"median", entry(r.median)},
            {"p90", entry(r.p90)},
            {"worst", entry(r.worst)},
            {"factor", entry(r.factor)}};
}

template <class Constants>
Json entry(const Implementation<Constants>& each) {
    Json out{{"measured_on", each.measured_on},
             {"source", each.source},
             {"basis", std::string(name_of(each.basis))},
             {"constants", entry(each.constants)},
             {"residuals", entry(each.residuals)}};
    if (each.unseen) out["unseen"] = to_json(*each.unseen);
    if (each.points) out["points"] = to_json(*each.points);
    return out;
}

template <class Constants>
Json entry(const KernelFamily<Constants>& family) {
    Json all = Json::object();
    for (const auto& each : family.implementations) all[each.name] = entry(each);
    return {{"default", family.preferred}, {"implementations", std::move(all)}};
}

bool is_number_part(char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == ',';
}

/// The end of a list of plain numbers that opens at `from`; npos if it holds anything else.
std::size_t end_of_numbers(const std::string& text, std::size_t from) {
    std::size_t at = from + 1;
    while (at < text.size() && (is_number_part(text[at]) || text[at] == ' ' || text[at] == '\n')) ++at;
    return at < text.size() && text[at] == ']' ? at : text.npos;
}

/// `text` with every list of plain numbers on one line: a row of a table is a line. Reads texts of our own
/// only, in which no string holds a bracket with numbers.
std::string with_rows_on_lines(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::size_t end = text[i] == '[' ? end_of_numbers(text, i) : text.npos;
        out += text[i];
        if (end == text.npos) continue;
        while (++i < end)
            if (is_number_part(text[i])) out.append(1, text[i]).append(text[i] == ',' ? " " : "");
        out += ']';
    }
    return out;
}

}  // namespace

std::string to_json(const Calibration& calibration) {
    Json families = Json::object();
    each_family(calibration, [&](const char* key, const auto& family) {
        if (!family.implementations.empty()) families[key] = entry(family);
    });
    const Json json{{"schema", 1}, {"gpu", calibration.gpu}, {"families", std::move(families)}};
    return with_rows_on_lines(json.dump(2)) + "\n";
}

}  // namespace isobath
