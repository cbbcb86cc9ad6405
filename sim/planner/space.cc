#include "sim/planner/space.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "sim/planner/layouts.h"
#include "sim/scenario_fields.h"

namespace isobath {
namespace {

using nlohmann::json;

constexpr std::string_view kModes[] = {"aggregated", "split"};

/// The index of a word among those that a field of the scenario knows.
int word(const Scenario& s, const std::string& path, const std::string& text,
         std::span<const std::string_view> known) {
    const auto found = std::find(known.begin(), known.end(), text);
    if (found == known.end())
        fail_at(s.file, path,
                "\"" + clipped(text) + "\": not known; allowed: " + joined({known.begin(), known.end()}));
    return static_cast<int>(found - known.begin());
}

template <class Enum>
std::vector<Enum> words(const Scenario& s, const std::string& path, const std::vector<std::string>& texts,
                        const char* field, std::vector<Enum> otherwise) {
    if (texts.empty()) return otherwise;
    std::vector<Enum> out;
    for (const std::string& text : texts)
        out.push_back(static_cast<Enum>(word(s, path, text, find_field(field)->choices)));
    return out;
}

std::vector<double> powers_of_two(double most) {
    std::vector<double> out;
    for (double n = 1; n <= most; n *= 2) out.push_back(n);
    return out;
}

/// Parts of a node, and whole nodes: one, two, three, and so on by about a third more.
std::vector<double> sensible_units(const Scenario& s, int max_gpus) {
    const int node          = std::min(s.cluster.gpus_per_node, s.cluster.gpus());
    std::vector<double> out = powers_of_two(node);
    for (int n = node; n <= std::min(max_gpus, 64 * node); n += node * std::max(1, n / node / 3))
        if (n > out.back()) out.push_back(n);
    return out;
}

/// Every whole number to 8, then about 12 % apart.
std::vector<double> sensible_batches() {
    std::vector<double> out;
    for (double n = 1; n <= 1024; n = std::max(n + 1, std::round(n * 1.12))) out.push_back(n);
    return out;
}

std::vector<double> or_else(const std::vector<double>& asked, std::vector<double> otherwise) {
    std::vector<double> out = asked.empty() ? std::move(otherwise) : asked;
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

std::vector<double> whole(const Scenario& s, const char* key, std::vector<double> list) {
    for (const double n : list)
        if (n != std::floor(n))
            fail_at(s.file, std::string("/plan/space/") + key,
                    fmt::format("expected whole numbers, got {:g}", n));
    return list;
}

SpeculationChoice speculation_of(const Scenario& s, const std::string& text) {
    const std::string path = "/plan/space/speculations";
    const auto colon       = text.find(':');
    SpeculationChoice c{text, SpeculationMethod::none, 0};
    c.method = static_cast<SpeculationMethod>(
        word(s, path, text.substr(0, colon), find_field("/speculation/method")->choices));
    if (c.method == SpeculationMethod::none) return c;
    if (c.method == SpeculationMethod::draft_model)
        fail_at(s.file, path, "draft-model: plans do not lay out a second model; allowed: the other methods");
    if (c.method == SpeculationMethod::mtp && s.model.num_nextn_predict_layers == 0)
        fail_at(s.file, path, s.model.name + " ships no MTP module; allowed: none");
    if (c.method == SpeculationMethod::eagle && s.model.intermediate_size == 0)
        fail_at(s.file, path, s.model.name + " names no intermediate_size for EAGLE's dense layer");
    const std::string depth = colon == text.npos ? "1" : text.substr(colon + 1);
    if (depth.empty() || depth.size() > 2 || depth.find_first_not_of("0123456789") != depth.npos ||
        std::stoi(depth) < 1 || std::stoi(depth) > 16)
        fail_at(s.file, path, "\"" + clipped(text) + "\": expected METHOD:DEPTH, depth 1 to 16");
    c.depth = std::stoi(depth);
    return c;
}

std::vector<SpeculationChoice> speculations(const Scenario& s) {
    std::vector<std::string> texts = s.plan.space.speculations;
    if (texts.empty()) texts = {"none"};
    if (s.plan.space.speculations.empty() && s.model.num_nextn_predict_layers > 0)
        texts.insert(texts.end(), {"mtp:1", "mtp:2", "mtp:3"});
    std::vector<SpeculationChoice> out;
    for (const std::string& text : texts) out.push_back(speculation_of(s, text));
    return out;
}

std::vector<std::string> precisions(const Scenario& s) {
    const json list = json::parse(s.plan.space.precisions.json);
    if (!list.is_array()) return {list.dump()};
    std::vector<std::string> out;
    for (const json& one : list) {
        if (!one.is_string() && !one.is_object())
            fail_at(s.file, "/plan/space/precisions", "expected presets' names, or objects that extend one");
        out.push_back(one.dump());
    }
    if (out.empty()) out.push_back(s.precision_text.json);
    return out;
}

/// Half, all and twice of what the scenario says.
std::vector<double> sensible_chunks(const Scenario& s) {
    return {s.serving.chunk / 2, s.serving.chunk, s.serving.chunk * 2};
}

void set_modes(const Scenario& s, PlanSpace& space) {
    if (s.plan.space.modes.empty()) return;
    space.aggregated = space.split = false;
    for (const std::string& mode : s.plan.space.modes)
        (word(s, "/plan/space/modes", mode, kModes) == 0 ? space.aggregated : space.split) = true;
}

void set_layout_lists(const Scenario& s, PlanSpace& p) {
    const PlanLists& l        = s.plan.space;
    const int most            = s.plan.max_gpus > 0 ? s.plan.max_gpus : s.cluster.gpus();
    p.unit_gpus               = whole(s, "unit_gpus", or_else(l.unit_gpus, sensible_units(s, most)));
    p.tp                      = whole(s, "tp", or_else(l.tp, powers_of_two(s.cluster.gpus_per_node)));
    p.cp                      = whole(s, "cp", or_else(l.cp, {1}));
    p.pp                      = whole(s, "pp", or_else(l.pp, {1}));
    p.default_ep              = l.ep.empty();
    std::vector<double> ranks = p.unit_gpus;
    ranks.push_back(1);
    if (!s.model.moe) ranks = {1};
    p.ep                = whole(s, "ep", or_else(l.ep, ranks));
    const double eighth = s.model.moe ? s.model.moe->n_routed_experts / 8 : 0;
    p.redundant         = whole(s, "redundant", or_else(l.redundant, {0, eighth}));
}

}  // namespace

std::string_view name_of(Excluded why) {
    constexpr std::string_view kNames[] = {"indivisible", "no_exchange", "same", "left_out",
                                           "no_library",  "no_data",     "gpus", "memory",
                                           "tpot",        "ttft",        "bound"};
    return kNames[static_cast<std::size_t>(why)];
}

std::string_view reason_of(Excluded why) {
    constexpr std::string_view kReasons[] = {
        "ranks, heads, layers, experts or nodes do not divide",
        "a way for tokens to travel, or overlap with it, that this layout has no use for, or lacks",
        "computes the same as another candidate",
        "experts split both ways or sent whole to ranks that split them: name the ep to have it",
        "no kernels for this exchange, or no network",
        "the GPU has no such format, or no kernel prices it",
        "takes more GPUs than allowed",
        "weights, cache or buffers do not fit",
        "time per output token over the limit, at this batch or already at a smaller one",
        "time to first token over the limit, at this batch or already at a smaller one",
        "proven no better than another candidate with the same decode units"};
    return kReasons[static_cast<std::size_t>(why)];
}

double Tally::counted() const {
    return std::accumulate(excluded.begin(), excluded.end(), evaluated + paired);
}

double PlanSpace::raw_layouts() const {
    return double(unit_gpus.size()) * double(tp.size()) * double(cp.size()) * double(pp.size()) *
           double(ep.size()) * double(redundant.size()) * double(comms.size()) * double(overlaps.size());
}

double PlanSpace::count() const {
    double layouts = 0, refused = 0;
    for (const ClusterChoice& c : clusters) {
        layouts += double(c.layouts.size());
        refused += raw_layouts() - double(c.layouts.size());
    }
    const double designs = double(precisions.size()) * layouts;
    const double decodes = designs * double(speculations.size()) * double(batches.size());
    return refused + (aggregated ? decodes * double(chunks.size()) : 0) + (split ? decodes * layouts : 0);
}

PlanSpace plan_space(const Scenario& s, const DataFiles& data) {
    PlanSpace p;
    set_modes(s, p);
    set_layout_lists(s, p);
    const PlanLists& l = s.plan.space;
    p.comms            = words<Comm>(s, "/plan/space/comms", l.comms, "/layout/comm",
                          {Comm::nccl, Comm::deepep_normal, Comm::deepep_low_latency});
    p.overlaps =
        words<Overlap>(s, "/plan/space/overlaps", l.overlaps, "/layout/overlap",
                       {Overlap::none, Overlap::shared_expert, Overlap::two_batch, Overlap::two_batch_hook});
    p.precisions   = precisions(s);
    p.speculations = speculations(s);
    p.chunks       = or_else(l.chunks, sensible_chunks(s));
    p.batches      = or_else(l.batches, sensible_batches());
    add_clusters(s, data, p);
    return p;
}

}  // namespace isobath
