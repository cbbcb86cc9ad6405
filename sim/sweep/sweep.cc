#include "sim/sweep/sweep.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include <fmt/format.h>

#include "hw/text.h"
#include "sim/scenario_reader.h"
#include "sim/sweep/range.h"
#include "sim/sweep/runner.h"

namespace isobath::sweep {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr double kMostPoints = 1e9;

/// The bytes of a file beside the sweep's, of one in the working folder, or of a built-in scenario.
ScenarioText find_scenario(const std::string& name, const std::string& beside, const DataFiles& data,
                           const SpecReader& in) {
    std::error_code none;
    for (const fs::path& file : {fs::path(beside).parent_path() / name, fs::path(name)})
        if (fs::is_regular_file(file, none)) return {clipped(file.string(), 400), read_text(file)};
    for (const std::string& builtin : {name, "scenarios/" + name + ".json"})
        if (const auto text = data.find(builtin)) return {data.shown(builtin), *text};
    try {
        load_scenario(name, data);
    } catch (const SpecError& e) {
        in.fail("scenario", e.what());
    }
    in.fail("scenario", "cannot read " + clipped(name));
}

ScenarioText read_scenario_text(SpecReader& in, const Sweep& sweep, const DataFiles& data) {
    const json& value = in.raw("scenario");
    if (value.is_string()) return find_scenario(value.get<std::string>(), sweep.shown, data, in);
    if (!value.is_object()) in.fail("scenario", "expected a scenario's name, its file, or its object");
    return {sweep.shown + "#/scenario", value.dump()};
}

std::vector<Override> read_set(SpecReader& in) {
    std::vector<Override> out;
    if (!in.has("set")) return out;
    const json& all = in.raw("set");
    if (!all.is_object()) in.fail("set", "expected an object of paths and their values");
    for (const auto& [key, value] : all.items()) {
        if (key.empty() || key == "/") in.fail("set", "expected paths such as layout.experts.ep");
        const std::string path = pointer_of(key);
        out.push_back({path, value.dump(), dotted(path) + "=" + clipped(value.dump())});
    }
    return out;
}

/// What the scenario's bytes say, before anything is made of it.
json said_by(const Sweep& s) {
    json doc = parse_json(s.scenario_text, s.scenario_shown);
    if (!doc.is_object()) fail_at(s.scenario_shown, "/", "expected an object with a scenario's fields");
    apply_overrides(s.set, doc);
    return doc;
}

Phase phase_of(const json& doc) {
    const Field* field = find_field("/phase");
    const auto& slot   = std::get<ChoiceSlot>(field->slot);
    Scenario scenario;
    for (std::size_t i = 0; i < field->choices.size(); ++i)
        if (doc.value("phase", json()) == field->choices[i]) slot.set(scenario, static_cast<int>(i));
    return scenario.phase;
}

/// The same point under other luck: its seed, and those after it.
void add_replications(SpecReader& in, const json& doc, Sweep& s) {
    const int count = in.integer_or("replications", 1, 1, kMostRows);
    if (count == 1) return;
    const json first = doc.value("seed", json(1));
    Axis seeds{"/seed", {}, {}};
    for (int i = 0; i < count; ++i)
        seeds.numbers.push_back((first.is_number() ? first.get<double>() : 1) + i);
    s.dimensions.push_back({{seeds}});
}

/// A path that replaces an earlier one's field would make it mean nothing.
void check_paths(const Sweep& s, const SpecReader& in) {
    std::vector<std::string> seen;
    for (const Override& o : s.set) seen.push_back(o.path);
    for (const Dimension& d : s.dimensions)
        for (const Axis& a : d.axes) {
            for (const std::string& other : seen)
                if (other == a.path || other.starts_with(a.path + "/"))
                    in.fail("axes", fmt::format("{} replaces {}, which is set before it", clipped(a.path),
                                                clipped(other)));
            seen.push_back(a.path);
        }
}

void check_size(const Sweep& s, const SpecReader& in) {
    double points = 1;
    for (const Dimension& d : s.dimensions) points *= double(d.rows());
    if (points > kMostPoints)
        in.fail("axes", fmt::format("{:g} points; allowed: up to {:g}", points, kMostPoints));
}

void read_columns(SpecReader& in, const DataFiles& data, Sweep& s) {
    const json schema = json::parse(s.runner->schema(data));
    if (!in.has("columns")) {
        for (const std::string_view pointer : s.runner->columns(s))
            s.columns.push_back(column_of(schema, std::string(pointer), in, "columns"));
        return;
    }
    const json& list = in.raw("columns");
    if (!list.is_array() || list.empty()) in.fail("columns", "expected a list of at least one key");
    std::set<std::string> seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string key = fmt::format("columns/{}", i);
        if (!list[i].is_string() || list[i].get<std::string>().size() < 2)
            in.fail(key, "expected a key of the result, such as latency.tpot_s");
        const std::string pointer = pointer_of(list[i].get<std::string>());
        if (!seen.insert(pointer).second) in.fail(key, "is there twice");
        s.columns.push_back(column_of(schema, pointer, in, key));
    }
}

/// Both become columns of one table, whose names SQL does not tell apart by their case.
void check_names(const Sweep& s, const SpecReader& in) {
    const auto lower = [](std::string name) {
        for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        return name;
    };
    std::set<std::string> seen{"point", "id", "excluded"};
    for (const Dimension& d : s.dimensions)
        for (const Axis& a : d.axes)
            if (!seen.insert(lower(dotted(a.path))).second)
                in.fail("axes", "two axes of the name " + clipped(dotted(a.path)));
    for (const Column& c : s.columns)
        if (!seen.insert(lower(dotted(c.pointer))).second)
            in.fail("columns", "an axis or another column has the name " + clipped(dotted(c.pointer)));
}

bool keeps(const Sweep& s, const std::string& pointer) {
    return std::any_of(s.columns.begin(), s.columns.end(),
                       [&](const Column& c) { return c.pointer == pointer; });
}

void read_goals(SpecReader& in, Sweep& s) {
    if (!in.has("goals")) {
        s.goals = s.runner->goals(s);
        for (std::string* goal : {&s.goals.least, &s.goals.most})
            if (!keeps(s, *goal)) goal->clear();
        return;
    }
    SpecReader goals = in.object("goals");
    for (const auto& [key, goal] : {std::pair{"least", &s.goals.least}, {"most", &s.goals.most}}) {
        if (!goals.has(key)) continue;
        *goal = pointer_of(goals.text(key));
        if (!keeps(s, *goal)) goals.fail(key, "\"" + clipped(*goal) + "\" is not among the columns");
    }
    goals.finish();
}

const Runner* read_runner(SpecReader& in) {
    std::vector<std::string_view> names;
    for (const Runner* r : runners()) names.push_back(r->name);
    return runners()[in.has("run") ? in.choice("run", names) : 0];
}

/// A misspelt key would make every point impossible; that is the sweep's fault and not the points'.
void check_first_point(const Sweep& s, const DataFiles& data) {
    const Space space(s);
    const std::vector<std::size_t> first(s.dimensions.size(), 0);
    try {
        read_unchecked(s, data, space.overrides(first));
    } catch (const SpecError& e) {
        if (std::string_view(e.what()).find("unknown key") != std::string_view::npos) throw;
    }
}

}  // namespace

Sweep read_sweep(const std::string& text, const std::string& shown, const DataFiles& data,
                 const std::vector<Override>& set, const std::optional<ScenarioText>& scenario) {
    const json doc = parse_json(text, shown);
    SpecReader in(doc, shown);
    Sweep s;
    s.shown               = shown;
    s.text                = text;
    s.name                = in.text("name", fs::path(shown).stem().string());
    s.runner              = read_runner(in);
    const ScenarioText of = scenario ? *scenario : read_scenario_text(in, s, data);
    in.ignore("scenario");
    s.scenario_shown = of.shown;
    s.scenario_text  = of.text;
    s.set            = read_set(in);
    s.asked          = set;
    s.set.insert(s.set.end(), set.begin(), set.end());
    in.each("axes", [&](SpecReader& one) { s.dimensions.push_back(read_dimension(one, data)); });
    if (s.dimensions.empty()) in.fail("axes", "expected a list of at least one axis");
    const json said = said_by(s);
    s.phase         = phase_of(said);
    add_replications(in, said, s);
    check_paths(s, in);
    check_size(s, in);
    read_columns(in, data, s);
    check_names(s, in);
    read_goals(in, s);
    in.finish();
    check_first_point(s, data);
    return s;
}

Sweep load_sweep(const std::string& path, const DataFiles& data, const std::vector<Override>& set) {
    std::error_code none;
    if (fs::exists(path, none)) return read_sweep(read_text(path), clipped(path, 400), data, set);
    for (const std::string& builtin : {path, "scenarios/sweeps/" + path + ".json"})
        if (const auto text = data.find(builtin)) return read_sweep(*text, data.shown(builtin), data, set);
    const std::vector<std::string> names = data.names("scenarios/sweeps");
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string_view near = nearest(path, known);
    throw SpecError(
        fmt::format("{}: no such file, and no built-in sweep of that name; {}", clipped(path, 400),
                    near.empty() ? "built in: " + joined(known) : fmt::format("did you mean \"{}\"?", near)));
}

Scenario read_unchecked(const Sweep& sweep, const DataFiles& data, const std::vector<Override>& overrides) {
    return read_unchecked_scenario(sweep.scenario_text, sweep.scenario_shown, data, overrides);
}

}  // namespace isobath::sweep
