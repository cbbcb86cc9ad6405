#include "hw/calibration.h"

#include <array>
#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"
#include "hw/text.h"

namespace isobath {
namespace {

template <class T, class Get>
Fitted<T> interval(SpecReader in, Get get) {
    const Fitted<T> fitted{get(in, "value"), get(in, "low"), get(in, "high")};
    if (fitted.low > fitted.value || fitted.value > fitted.high)
        in.fail("value", "expected low <= value <= high");
    in.finish();
    return fitted;
}

Fitted<Seconds> seconds(SpecReader& in, const std::string& key) {
    return interval<Seconds>(
        in.object(key), [](SpecReader& entry, const char* what) { return entry.quantity<Seconds>(what); });
}

/// A share of a data-sheet rate: above zero, so that no time is infinite.
Fitted<double> share(SpecReader& in, const std::string& key, double most) {
    return interval<double>(in.object(key), [most](SpecReader& entry, const char* what) {
        return entry.number(what, 0.01, most);
    });
}

PipelineConstants read_pipeline(SpecReader in) {
    PipelineConstants out;
    out.shows     = share(in, "shows", 1);
    out.sustained = share(in, "sustained", 1);
    if (in.has("gather")) out.gather = seconds(in, "gather");
    if (in.has("cached")) out.cached = share(in, "cached", 100);
    out.min_tile_n  = in.integer("min_tile_n", 8, 1024);
    out.most_splits = in.integer("most_splits", 1, 64);
    in.finish();
    return out;
}

QuantiseConstants read_quantise(SpecReader in) {
    const QuantiseConstants out{seconds(in, "launch"), share(in, "passes", 100)};
    in.finish();
    return out;
}

void read_constants(SpecReader in, GemmConstants& out) {
    out.launch     = seconds(in, "launch");
    out.tile       = seconds(in, "tile");
    out.step       = seconds(in, "step");
    out.compute    = share(in, "compute", 1);
    out.memory     = share(in, "memory", 1);
    out.max_tile_n = in.integer("max_tile_n", 16, 1024);
    if (in.has("pipeline")) out.pipeline = read_pipeline(in.object("pipeline"));
    if (in.has("quantise")) out.quantise = read_quantise(in.object("quantise"));
    in.finish();
}

SplitConstants read_split(SpecReader in) {
    constexpr std::array<std::string_view, 2> schedules{"balanced", "even"};
    SplitConstants out;
    out.schedule = in.choice("schedule", schedules) == 0 ? KvSchedule::balanced : KvSchedule::even;
    out.combine  = seconds(in, "combine");
    out.partials = share(in, "partials", 100);
    out.queries  = share(in, "queries", 100);
    if (out.schedule == KvSchedule::even) out.stream = share(in, "stream", 100);
    in.finish();
    return out;
}

PromptConstants read_prompt(SpecReader in) {
    PromptConstants out{share(in, "pass", 100), share(in, "imbalance", 2), share(in, "slowdown", 4)};
    in.finish();
    return out;
}

/// {"4": ..., "32": ..., "256": ...}: a share of peak at each of MoeConstants::kKnots.
void read_shares(SpecReader in, MoeConstants& out) {
    for (std::size_t i = 0; i < out.compute.size(); ++i)
        out.compute[i] = share(in, std::to_string(int(MoeConstants::kKnots[i])), 1);
    in.finish();
}

void read_constants(SpecReader in, MoeConstants& out) {
    out.launch      = seconds(in, "launch");
    out.per_expert  = seconds(in, "per_expert");
    out.per_active  = seconds(in, "per_active");
    out.memory      = share(in, "memory", 1);
    out.token_bytes = share(in, "token_bytes", 1000);
    out.row_bytes   = share(in, "row_bytes", 1000);
    read_shares(in.object("compute"), out);
    out.tile = in.integer("tile", 1, 1024);
    in.finish();
}

void read_constants(SpecReader in, OverlapConstants& out) {
    out.launch  = seconds(in, "launch");
    out.compute = share(in, "compute", 1);
    out.memory  = share(in, "memory", 1);
    if (in.has("cached")) out.cached = share(in, "cached", 100);
    out.query_tile = in.integer_or("query_tile", 1, 1, 1024);
    if (in.has("split")) out.split = read_split(in.object("split"));
    if (in.has("prompt")) out.prompt = read_prompt(in.object("prompt"));
    in.finish();
}

Residuals read_residuals(SpecReader in) {
    Residuals r;
    r.rows   = in.integer("rows");
    r.median = in.number("median");
    r.p90    = in.number("p90");
    r.worst  = in.number("worst");
    r.factor = in.number("factor", 1, 100);
    in.finish();
    return r;
}

template <class Constants>
Implementation<Constants> read_implementation(SpecReader in, const std::string& name) {
    constexpr std::array<std::string_view, 2> bases{"fitted", "assumed"};
    Implementation<Constants> out;
    out.name        = name;
    out.measured_on = in.text("measured_on");
    out.source      = in.text("source");
    out.basis       = in.choice("basis", bases) == 0 ? Source::fitted : Source::assumed;
    read_constants(in.object("constants"), out.constants);
    out.residuals = read_residuals(in.object("residuals"));
    if (in.has("unseen")) out.unseen = read_unseen(in.object("unseen"));
    if (in.has("points")) out.points = read_points(in.object("points"));
    in.finish();
    return out;
}

template <class Constants>
void read_family(SpecReader in, KernelFamily<Constants>& out) {
    out.preferred  = in.text("default");
    SpecReader all = in.object("implementations");
    all.each_key([&](const std::string& name) {
        out.implementations.push_back(read_implementation<Constants>(all.object(name), name));
    });
    if (!out.find()) in.fail("default", "no such implementation");
    in.finish();
}

}  // namespace

Calibration read_calibration(const nlohmann::json& json, const std::string& name, const std::string& file) {
    SpecReader in(json, file);
    in.integer("schema", 1, 1);
    Calibration out;
    out.name            = name;
    out.gpu             = in.text("gpu");
    SpecReader families = in.object("families");
    each_family(out, [&](const char* key, auto& family) {
        if (families.has(key)) read_family(families.object(key), family);
    });
    families.finish();
    in.finish();
    return out;
}

std::vector<std::string> calibration_names() {
    std::vector<std::string> names{"none"};
    for (int i = 0; i < embedded::kFileCount; ++i) {
        const std::string_view path = embedded::kFiles[i].path, text = embedded::kFiles[i].text;
        if (!path.starts_with("hw/calibrations/")) continue;  // texts are long: only these are searched
        const std::string name = std::filesystem::path(path).stem().string();
        if (path != "hw/calibrations/" + name + "/" + name + ".json") continue;
        if (text.find("\"families\"") != text.npos) names.push_back(name);
    }
    return names;
}

Calibration load_calibration(const DataFiles& data, const std::string& name) {
    if (name == "none") return {};
    const std::string path = "hw/calibrations/" + name + "/" + name + ".json";
    const bool plain       = name.find_first_of("/\\") == name.npos;
    if (const auto text = plain ? data.find(path) : std::nullopt)
        return read_calibration(parse_json(*text, data.shown(path)), name, data.shown(path));
    const std::vector<std::string> names = calibration_names();
    const std::vector<std::string_view> known(names.begin(), names.end());
    fail_at("calibration", "/", "no calibration \"" + clipped(name) + "\"; known: " + joined(known));
}

}  // namespace isobath
