#include "sim/resolve.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/text.h"
#include "model/acceptance/acceptance_file.h"
#include "sim/resolve_routing.h"
#include "sim/speculate/policy.h"

namespace isobath {
namespace {

using nlohmann::json;

/// A preset with the user's changes on top, and what to call it in messages.
struct Preset {
    json value;
    std::string name, file;
    bool changed = false;  ///< by the user, so that faults are looked for in what the user wrote
};

/// Reads a preset; a fault in what the user changed is named by its place in the user's own file.
template <class Read>
auto read_at(const Preset& preset, const Origin& origin, const std::string& path, Read read) {
    try {
        return read();
    } catch (const SpecError& e) {
        if (!preset.changed || e.reason.empty()) throw;
        const bool figure = e.path.ends_with("/value");  // the user wrote the figure without its source
        origin.fail(path + (figure ? e.path.substr(0, e.path.size() - 6) : e.path), e.reason);
    }
}

bool is_path(const std::string& name) {
    return name.ends_with(".json") || name.find('/') != name.npos;
}

/// A file the scenario names is looked up beside the scenario first, then from the working folder.
Preset read_beside(const std::string& name, const Origin& origin, const std::string& path) {
    std::filesystem::path file = std::filesystem::path(origin.file()).parent_path() / name;
    std::error_code none;
    if (!std::filesystem::exists(file, none)) file = name;
    try {
        return {read_json(file), std::filesystem::path(name).stem().string(), clipped(file.string(), 400)};
    } catch (const SpecError& e) {
        origin.fail(path, e.what());
    }
}

Preset read_named(const std::string& name, const std::string& folder, const DataFiles& data,
                  const Origin& origin, const std::string& path) {
    if (is_path(name)) return read_beside(name, origin, path);
    const bool changed = origin.is_override(path);
    return {load_preset(data, folder, name, origin.of(path), changed ? "" : path), name,
            data.shown(folder + "/" + name + ".json")};
}

Preset load(const std::string& name, const std::string& folder, const DataFiles& data, const Origin& origin,
            const std::string& path) {
    Preset preset = read_named(name, folder, data, origin, path);
    if (!preset.value.is_object()) fail_at(preset.file, "/", "expected an object");
    return preset;
}

/// Puts the user's values over a preset's, object by object; a figure keeps its form, but not its interval.
void change(json& preset, const json& changes) {
    for (const auto& [key, wanted] : changes.items()) {
        json& old         = preset[key];
        const bool figure = old.is_object() && old.contains("source");
        if (figure && !wanted.is_object())
            old = {{"value", wanted}, {"source", "set by the user"}};
        else if (!figure && old.is_object() && wanted.is_object())
            change(old, wanted);
        else
            old = wanted;
    }
}

/// The text of `wanted`: a name, a path, or {"extends": name, key: value, ...}. Changes go under `inside`
/// where a preset keeps its fields in an inner object.
Preset load_text(const PresetText& wanted, const std::string& folder, const DataFiles& data,
                 const Origin& origin, const std::string& path, const char* inside = nullptr) {
    json value = json::parse(wanted.json);
    if (value.is_string()) return load(value.get<std::string>(), folder, data, origin, path);
    if (!value.contains("extends")) return {value, "custom", origin.of(path), true};
    if (!value["extends"].is_string()) origin.fail(path + "/extends", "expected the name of a preset");
    Preset base = load(value["extends"].get<std::string>(), folder, data, origin, path + "/extends");
    value.erase("extends");
    const bool within = inside && base.value.contains(inside) && base.value[inside].is_object();
    json& target      = within ? base.value[inside] : base.value;
    change(target, value);
    base.changed = true;
    return base;
}

/// A Hugging Face config holds many keys that shape nothing; a change of such a key would be silent.
void check_model_changes(const PresetText& wanted, const Origin& origin) {
    const json value = json::parse(wanted.json);
    if (!value.is_object() || !value.contains("extends")) return;
    const auto known = model_keys();
    for (const auto& [key, change] : value.items()) {
        if (key == "extends" || std::count(known.begin(), known.end(), key)) continue;
        const std::string_view near = nearest(key, known);
        origin.fail("/model/" + key, near.empty() ? "unknown key; allowed: " + joined(known)
                                                  : fmt::format("unknown key; did you mean \"{}\"?", near));
    }
}

void resolve_model(Scenario& s, const DataFiles& data, const Origin& origin) {
    check_model_changes(s.model_text, origin);
    const Preset p    = load_text(s.model_text, "scenarios/models", data, origin, "/model", "config");
    const bool preset = p.value.contains("config");
    s.model           = read_at(p, origin, "/model", [&] {
        return read_model(preset ? p.value["config"] : p.value, p.name, p.file,
                          preset && !p.changed ? "/config" : "");
    });
}

[[noreturn]] void fail_without_nic(const DataFiles& data, const Origin& origin) {
    std::string cards;
    for (const std::string& name : data.names("scenarios/nics"))
        if (name != "none") cards += (cards.empty() ? "" : ", ") + name;
    origin.fail("/cluster/nic", "none, but the cluster is larger than one NVLink domain; allowed: " + cards);
}

void resolve_cluster(Scenario& s, const DataFiles& data, const Origin& origin) {
    const Preset gpu = load_text(s.gpu_text, "scenarios/gpus", data, origin, "/cluster/gpu");
    s.cluster.gpu =
        read_at(gpu, origin, "/cluster/gpu", [&] { return read_gpu(gpu.value, gpu.name, gpu.file); });
    const Preset nic = load_text(s.nic_text, "scenarios/nics", data, origin, "/cluster/nic");
    s.cluster.nic =
        read_at(nic, origin, "/cluster/nic", [&] { return read_nic(nic.value, nic.name, nic.file); });
    if (s.cluster.nvlink_domain == 0) s.cluster.nvlink_domain = s.cluster.gpus_per_node;
    if (s.cluster.gpus() > s.cluster.nvlink_domain && s.cluster.nic.bandwidth <= BytesPerSecond{})
        fail_without_nic(data, origin);
}

void resolve_engine(Scenario& s, const DataFiles& data, const Origin& origin) {
    json value = json::parse(s.engine_text.json);
    for (json* name : {&value, value.is_object() && value.contains("extends") ? &value["extends"] : &value})
        if (name->is_string()) *name = newest_engine(data, name->get<std::string>());
    const Preset p = load_text({value.dump()}, "scenarios/engines", data, origin, "/engine");
    s.engine       = read_at(p, origin, "/engine", [&] { return read_engine(p.value, p.name, p.file); });
}

/// The chance of one draft, or a list S_1, S_2, ...: as long as the drafts.
Acceptance acceptance_of_user(const json& value, int depth, const Origin& origin, const std::string& path) {
    Acceptance a;
    a.source = "set by the user";
    if (value.is_number()) {
        a.survival = geometric(value.get<double>(), depth);
        a.source += ": one chance for every position";
    }
    double last = 1;
    for (const json& one : value.is_array() ? value : json::array()) {
        if (!one.is_number() || one.get<double>() < 0 || one.get<double>() > last)
            origin.fail(path, "expected chances between 0 and 1 that never rise with depth");
        a.survival.push_back(last = one.get<double>());
    }
    if (a.depth() < depth)
        origin.fail("/speculation/depth",
                    fmt::format("{} drafts, but the acceptance curve has {} positions", depth, a.depth()));
    a.low = a.high = a.survival;
    a.measured     = a.depth();
    return a;
}

AcceptanceFile acceptance_preset(const Scenario& s, const DataFiles& data, const Origin& origin,
                                 const std::string& path) {
    const Preset p = load_text(s.acceptance_text, "scenarios/acceptance", data, origin, path);
    if (!p.value.contains("survival") || !p.value["survival"].is_array())
        origin.fail(path, "expected a list of chances, or an object with one under \"survival\"");
    return read_at(p, origin, path, [&] { return read_acceptance(p.value, p.file); });
}

/// A curve from a preset, extrapolated where fewer drafts were measured, or as the user wrote it.
void resolve_acceptance(Scenario& s, const DataFiles& data, const Origin& origin) {
    Speculation& spec = s.speculation;
    if (!spec.on()) return;
    const std::string path = "/speculation/acceptance";
    const json value       = json::parse(s.acceptance_text.json);
    AcceptanceFile file;
    if (value.is_number() || value.is_array())
        file.curve = acceptance_of_user(value, spec.depth, origin, path);
    else
        file = acceptance_preset(s, data, origin, path);
    const Acceptance curve = at_depth(file.curve, spec.depth);
    spec.survival          = curve.survival;
    spec.low               = curve.low;
    spec.high              = curve.high;
    spec.measured          = curve.measured;
    spec.source            = curve.source;
    if (curve.measured < spec.depth)
        spec.source +=
            fmt::format("; extrapolated beyond {} draft{}", curve.measured, curve.measured == 1 ? "" : "s");
    if (spec.nodes > 0) spec.tree_accepted = tree_tokens(spec, file.ranks) - 1;
}

void resolve_draft_model(Scenario& s, const DataFiles& data, const Origin& origin) {
    if (!s.speculation.on() || s.speculation.method != SpeculationMethod::draft_model) return;
    const std::string path = "/speculation/draft_model";
    if (json::parse(s.draft_model_text.json) == "none")
        origin.fail(path, "missing; the model that drafts, as under /model");
    const Preset p    = load_text(s.draft_model_text, "scenarios/models", data, origin, path, "config");
    const bool preset = p.value.contains("config");
    s.speculation.draft_model = std::make_shared<const ModelSpec>(read_at(p, origin, path, [&] {
        return read_model(preset ? p.value["config"] : p.value, p.name, p.file,
                          preset && !p.changed ? "/config" : "");
    }));
}

void resolve_precision(Scenario& s, const DataFiles& data, const Origin& origin) {
    const Preset p = load_text(s.precision_text, "scenarios/precisions", data, origin, "/precision");
    s.precision    = read_at(p, origin, "/precision", [&] {
        PrecisionPolicy policy = read_precision(p.value, p.file);
        check_precision(policy, s.model, p.file, "");
        policy.name = p.name;
        return policy;
    });
}

void check_implementations(const Scenario& s, const Origin& origin, const std::string& path) {
    try {
        CalibratedTime(s.cluster.gpu, s.calibration, s.implementations);
    } catch (const SpecError& e) {
        origin.fail(path + e.path, e.reason);
    }
}

/// "auto": the GPU's own calibration, else its relative's shares carried over to its data sheet (marked
/// assumed): B200's for Blackwell, H800's for all others.
/// A path names a file of the user's. An object extends one and names implementations: {"extends": "h800",
/// "gemm_fp8": "deepgemm-2025-02-25"}.
void resolve_calibration(Scenario& s, const DataFiles& data, const Origin& origin) {
    const std::string path = "/calibration";
    json value             = json::parse(s.calibration_text.json);
    if (value.is_object()) {
        for (const auto& [family, name] : value.items()) {
            if (!name.is_string()) origin.fail(path + "/" + family, "expected the name of an implementation");
            if (family != "extends") s.implementations[family] = name.get<std::string>();
        }
        value = value.value("extends", "auto");
    }
    if (!value.is_string()) origin.fail(path, "expected the name of a calibration");
    const std::vector<std::string> names = calibration_names();
    std::string name                     = value.get<std::string>();
    if (name == "auto")
        name = std::count(names.begin(), names.end(), s.cluster.gpu.name) ? s.cluster.gpu.name
               : s.cluster.gpu.architecture == "blackwell"                ? "b200"
                                                                          : "h800";
    if (is_path(name)) {
        const Preset own = read_beside(name, origin, path);
        s.calibration =
            read_at(own, origin, path, [&] { return read_calibration(own.value, own.name, own.file); });
        return check_implementations(s, origin, path);
    }
    if (!std::count(names.begin(), names.end(), name) &&
        !data.find("hw/calibrations/" + name + "/" + name + ".json"))
        origin.fail(path, fmt::format("no calibration \"{}\"; known: auto, {}", clipped(name),
                                      joined(std::vector<std::string_view>(names.begin(), names.end()))));
    s.calibration = load_calibration(data, name);
    check_implementations(s, origin, path);
}

}  // namespace

const Override* Origin::find(const std::string& path) const {
    const auto covers = [&](const Override& o) { return path == o.path || path.starts_with(o.path + "/"); };
    const auto last   = std::find_if(overrides_.rbegin(), overrides_.rend(), covers);
    return last == overrides_.rend() ? nullptr : &*last;
}

std::string Origin::of(const std::string& path) const {
    const Override* o = find(path);
    return o ? o->shown : file_;
}

void Origin::fail(const std::string& path, const std::string& what) const {
    const Override* o = find(path);
    fail_at(o ? o->shown : file_, o && o->path == path ? "" : path, what);
}

void expand_cluster(json& scenario, const DataFiles& data, const Origin& origin) {
    const auto found = scenario.find("cluster");
    if (found == scenario.end()) return;
    json changes = found->is_object() ? *found : json{{"extends", *found}};
    if (!changes.contains("extends")) return;
    if (!changes["extends"].is_string())
        origin.fail("/cluster", "expected the name of a cluster preset or an object");
    const std::string at = found->is_object() ? "/cluster/extends" : "/cluster";
    json preset = load(changes["extends"].get<std::string>(), "scenarios/clusters", data, origin, at).value;
    changes.erase("extends");
    for (auto& [key, change] : changes.items())  // "gpu": {"memory": ...} changes the preset's own GPU
        if (change.is_object() && !change.contains("extends") && preset.contains(key) &&
            preset[key].is_string())
            change["extends"] = preset[key];
    preset.erase("title");
    preset.erase("source");
    preset.update(changes);
    *found = preset;
}

namespace {

/// An engine may bring kernels of its own, for this architecture; the scenario's choice goes first.
void add_engine_kernels(Scenario& s) {
    if (s.calibration.name != "none") add_kernels(s.calibration, s.engine, s.cluster.gpu.architecture);
}

}  // namespace

void resolve(Scenario& s, const DataFiles& data, const Origin& origin) {
    resolve_model(s, data, origin);
    resolve_cluster(s, data, origin);
    resolve_precision(s, data, origin);
    resolve_calibration(s, data, origin);
    resolve_engine(s, data, origin);
    add_engine_kernels(s);
    resolve_acceptance(s, data, origin);
    resolve_routing(s, data, origin);
    resolve_draft_model(s, data, origin);
}

}  // namespace isobath
