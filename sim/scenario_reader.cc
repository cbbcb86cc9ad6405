#include "sim/scenario_reader.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include <fmt/format.h>

#include "hw/text.h"
#include "sim/layout_check.h"
#include "sim/resolve.h"
#include "sim/scenario_fields.h"
#include "sim/serve/serve_fields.h"

namespace isobath {
namespace {

using nlohmann::json;

/// Walks the JSON beside the table of fields.
class Walker {
  public:
    Walker(Scenario& scenario, const Origin& origin) : scenario_(scenario), origin_(origin) {}

    void walk(const json& value, const std::string& path) {
        if (const Field* field = find_field(path)) {
            read(*field, value);
            seen_.insert(path);
        } else if (is_section(path)) {
            if (!value.is_object()) origin_.fail(path, "expected an object");
            for (const auto& [key, inner] : value.items()) walk(inner, path + "/" + key);
        } else {
            unknown(path);
        }
    }

    bool seen(std::string_view path) const { return seen_.contains(std::string(path)); }

  private:
    static bool is_section(const std::string& path) {
        const auto fields = scenario_fields();
        return path.empty() || std::any_of(fields.begin(), fields.end(),
                                           [&](const Field& f) { return f.path.starts_with(path + "/"); });
    }

    [[noreturn]] void unknown(const std::string& path) const {
        const auto slash         = path.rfind('/');
        const std::string parent = path.substr(0, slash + 1);
        std::set<std::string_view> siblings;
        for (const Field& f : scenario_fields()) {
            if (!f.path.starts_with(parent)) continue;
            const std::string_view rest = f.path.substr(parent.size());
            siblings.insert(rest.substr(0, rest.find('/')));
        }
        const std::vector<std::string_view> known(siblings.begin(), siblings.end());
        const std::string_view near = nearest(path.substr(slash + 1), known);
        if (!near.empty()) origin_.fail(path, fmt::format("unknown key; did you mean \"{}\"?", near));
        origin_.fail(path, "unknown key; known here: " + joined(known));
    }

    void read(const Field& field, const json& value) {
        // One-key object and reader, so that messages and checks are those of every other file.
        const std::string path(field.path), key;
        const json holder{{key, value}};
        SpecReader in(holder, origin_.of(path), origin_.overridden(path) ? "" : path);
        std::visit([&](auto slot) { take(in, key, field, slot); }, field.slot);
    }

    void take(SpecReader& in, const std::string& key, const Field& f, int& (*slot)(Scenario&)) {
        slot(scenario_) = in.integer(key, static_cast<int>(f.min), static_cast<int>(std::min(f.max, 1e9)));
    }
    void take(SpecReader& in, const std::string& key, const Field& f, double& (*slot)(Scenario&)) {
        slot(scenario_) = in.number(key, f.min, f.max);
    }
    template <class Q>
    requires std::is_same_v<Q, Seconds> || std::is_same_v<Q, Bytes> || std::is_same_v<Q, BytesPerSecond>
    void take(SpecReader& in, const std::string& key, const Field&, Q& (*slot)(Scenario&)) {
        slot(scenario_) = in.quantity<Q>(key);
    }
    void take(SpecReader& in, const std::string& key, const Field&, std::string& (*slot)(Scenario&)) {
        slot(scenario_) = in.text(key);
    }
    void take(SpecReader& in, const std::string& key, const Field& f, std::uint64_t& (*slot)(Scenario&)) {
        const double number = in.number(key, f.min, f.max);
        if (number != std::floor(number))
            in.fail(key, fmt::format("expected a whole number, got {}", number));
        slot(scenario_) = static_cast<std::uint64_t>(number);
    }
    void take(SpecReader& in, const std::string& key, const Field& f,
              std::vector<double>& (*slot)(Scenario&)) {
        std::vector<double> out;
        const json& list = in.raw(key);
        if (!list.is_array()) in.fail(key, "expected a list of numbers");
        for (const json& one : list) {
            if (!one.is_number() || !(one >= f.min && one <= f.max))
                in.fail(key, fmt::format("expected numbers from {:g} to {:g}", f.min, f.max));
            out.push_back(one);
        }
        slot(scenario_) = out;
    }
    void take(SpecReader& in, const std::string& key, const Field&,
              std::vector<std::string>& (*slot)(Scenario&)) {
        std::vector<std::string> out;
        const json& list = in.raw(key);
        if (!list.is_array()) in.fail(key, "expected a list of texts");
        for (const json& one : list) {
            if (!one.is_string()) in.fail(key, "expected a list of texts");
            out.push_back(one);
        }
        slot(scenario_) = out;
    }
    void take(SpecReader& in, const std::string& key, const Field& f, PresetText& (*slot)(Scenario&)) {
        const json& value = in.raw(key);
        const bool number = value.is_number() || value.is_array();
        if (!value.is_string() && !value.is_object() && !(number && f.max > 0))
            in.fail(key, "expected the name of a preset, or an object that extends one");
        slot(scenario_).json = value.dump();
    }
    void take(SpecReader& in, const std::string& key, const Field& f, ChoiceSlot slot) {
        slot.set(scenario_, static_cast<int>(in.choice(key, f.choices)));
    }

    Scenario& scenario_;
    const Origin& origin_;
    std::set<std::string> seen_;
};

void require(const Walker& walker, const Origin& origin, std::initializer_list<std::string_view> paths) {
    for (const std::string_view path : paths)
        if (!walker.seen(path))
            origin.fail(std::string(path), fmt::format("missing; {}", find_field(path)->help));
}

json slot_json(const Scenario& scenario, const Field& field) {
    // Slots hand out references to change; a copy is changed by nobody.
    auto& s = const_cast<Scenario&>(scenario);
    struct {
        Scenario& s;
        const Field& f;
        json operator()(int& (*slot)(Scenario&)) const { return slot(s); }
        json operator()(double& (*slot)(Scenario&)) const { return slot(s); }
        json operator()(Seconds& (*slot)(Scenario&)) const {
            return fmt::format("{:.9g} s", slot(s).in(unit::s));
        }
        json operator()(Bytes& (*slot)(Scenario&)) const {
            return fmt::format("{:.9g} B", slot(s).in(unit::B));
        }
        json operator()(BytesPerSecond& (*slot)(Scenario&)) const {
            return fmt::format("{:.9g} B/s", slot(s).in(unit::B / unit::s));
        }
        json operator()(std::string& (*slot)(Scenario&)) const { return slot(s); }
        json operator()(std::uint64_t& (*slot)(Scenario&)) const { return slot(s); }
        json operator()(std::vector<double>& (*slot)(Scenario&)) const { return slot(s); }
        json operator()(std::vector<std::string>& (*slot)(Scenario&)) const { return slot(s); }
        json operator()(PresetText& (*slot)(Scenario&)) const { return json::parse(slot(s).json); }
        json operator()(ChoiceSlot slot) const { return f.choices[static_cast<std::size_t>(slot.get(s))]; }
    } const read{s, field};
    return std::visit(read, field.slot);
}

/// Training fills the cluster with replicas of its pipeline.
void imply_dp(Scenario& s) {
    const double replica  = double(s.layout.attention_tp) * s.layout.attention_cp * s.layout.pp;
    s.layout.attention_dp = std::max(1, int(s.cluster.gpus() / replica));
}

}  // namespace

Scenario read_unchecked_scenario(std::string_view text, const std::string& shown, const DataFiles& data,
                                 const std::vector<Override>& overrides) {
    json doc = parse_json(text, shown);
    if (!doc.is_object()) fail_at(shown, "/", "expected an object with a scenario's fields");
    const Origin origin(shown, overrides);
    expand_cluster(doc, data, origin);  // first, so that an override may reach into the preset;
    apply_overrides(overrides, doc);
    expand_cluster(doc, data, origin);  // again, because it may name another
    Scenario scenario;
    scenario.file = shown;
    Walker walker(scenario, origin);
    walker.walk(doc, "");
    require(walker, origin, {"/model", "/cluster/gpu", "/cluster/nodes", "/phase"});
    if (!walker.seen("/name")) scenario.name = std::filesystem::path(shown).stem().string();
    if (scenario.phase == Phase::train && !walker.seen("/layout/attention/dp")) imply_dp(scenario);
    resolve(scenario, data, origin);
    return scenario;
}

Scenario read_scenario(std::string_view text, const std::string& shown, const DataFiles& data,
                       const std::vector<Override>& overrides) {
    Scenario scenario = read_unchecked_scenario(text, shown, data, overrides);
    const Origin origin(shown, overrides);
    check_layout(scenario, data, origin);
    if (scenario.phase == Phase::serve) check_serving(scenario, origin);
    return scenario;
}

namespace {

[[noreturn]] void fail_missing(const std::string& path, const DataFiles& data) {
    const std::vector<std::string> names = data.names("scenarios");
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string_view near = nearest(path, known);
    throw SpecError(
        fmt::format("{}: no such file, and no built-in scenario of that name; {}",
                    path.empty() ? "\"\"" : clipped(path, 400),
                    near.empty() ? "built in: " + joined(known) : fmt::format("did you mean \"{}\"?", near)));
}

}  // namespace

Scenario load_scenario(const std::string& path, const DataFiles& data,
                       const std::vector<Override>& overrides) {
    std::error_code none;
    if (!std::filesystem::exists(path, none)) {
        for (const std::string& builtin : {path, "scenarios/" + path + ".json"})
            if (const auto text = data.find(builtin))
                return read_scenario(*text, data.shown(builtin), data, overrides);
        fail_missing(path, data);
    }
    return read_scenario(read_text(path), clipped(path, 400), data, overrides);
}

json to_json(const Scenario& scenario) {
    json out;
    for (const Field& field : scenario_fields())
        out[json::json_pointer(std::string(field.path))] = slot_json(scenario, field);
    if (scenario.usd_per_gpu_hour < 0)
        out["price"]["usd_per_gpu_hour"] = scenario.cluster.gpu.usd_per_gpu_hour;
    return out;
}

}  // namespace isobath
