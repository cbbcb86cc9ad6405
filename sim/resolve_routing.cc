#include "sim/resolve_routing.h"

#include <filesystem>

#include <fmt/format.h>

#include "hw/text.h"
#include "model/balance/balancer.h"
#include "model/balance/load_file.h"
#include "model/balance/load_preset.h"
#include "model/balance/popularity_law.h"
#include "model/comm/routing.h"
#include "sim/popularity.h"

namespace isobath {
namespace {

using Load = std::shared_ptr<const ExpertLoad>;

constexpr const char* kAllowed =
    "uniform, lognormal:SIGMA, zipf:S, dirichlet:ALPHA, a preset of scenarios/loads as NAME:WORKLOAD, or a "
    "file of counts (.json, .csv)";

/// Tokens of a drawn load; only shares matter.
constexpr double kTokens = 1e6;

bool is_file(const std::string& text) {
    return text.find('/') != text.npos || text.ends_with(".json") || text.ends_with(".csv");
}

bool is_law(const std::string& text) {
    const std::string name = text.substr(0, text.find(':'));
    return name == "uniform" || name == "lognormal" || name == "zipf" || name == "dirichlet";
}

ExpertLoad read_beside(const std::string& name, const Origin& origin) {
    const auto beside = std::filesystem::path(origin.file()).parent_path() / name;
    std::error_code none;
    return load_expert_load(std::filesystem::exists(beside, none) ? beside : std::filesystem::path(name));
}

ExpertLoad draw_preset(const Scenario& s, const std::string& text, const DataFiles& data,
                       const Origin& origin, const std::string& path) {
    const std::size_t colon = text.find(':');
    const LoadPreset preset = load_load_preset(data, text.substr(0, colon), origin.of(path), path);
    return synthesize_load(preset, colon == text.npos ? "" : text.substr(colon + 1), s.seed, kTokens);
}

ExpertLoad make_load(const Scenario& s, const std::string& text, const DataFiles& data, const Origin& origin,
                     const std::string& path) {
    if (is_file(text)) return read_beside(text, origin);
    if (!is_law(text)) return draw_preset(s, text, data, origin, path);
    Random random(s.seed);
    return draw_load(parse_popularity_law(text), s.model.moe_layers(), s.model.moe->n_routed_experts,
                     s.model.moe->num_experts_per_tok, kTokens, random);
}

void check_known(const std::string& text, const DataFiles& data, const Origin& origin,
                 const std::string& path) {
    const auto names = data.names("scenarios/loads");
    if (is_file(text) || is_law(text)) return;
    if (std::find(names.begin(), names.end(), text.substr(0, text.find(':'))) == names.end())
        origin.fail(path, "\"" + clipped(text) + "\": not known; allowed: " + kAllowed);
}

/// The load behind a text; null: all experts alike. Messages of readers get the field's place.
Load load_of(const Scenario& s, const std::string& text, const DataFiles& data, const Origin& origin,
             const std::string& path) {
    if (text == "uniform") return nullptr;
    check_known(text, data, origin, path);
    try {
        Load load = std::make_shared<ExpertLoad>(make_load(s, text, data, origin, path));
        if (load->experts == s.model.moe->n_routed_experts) return load;
        throw SpecError(fmt::format("a load of {} experts; the model has {}", load->experts,
                                    s.model.moe->n_routed_experts));
    } catch (const SpecError& e) {
        origin.fail(path, e.what());
    }
}

bool stays_law(const Scenario& s) {
    Popularity popularity;
    return s.placement == Balancer::none && s.layout.redundant == 0 &&
           parse_popularity(s.popularity, popularity);
}

int groups_of(const Scenario& s) {
    return s.gate == GateChoice::model ? s.model.moe->n_group : 1;
}

int nodes_of(const Scenario& s, const Layout& layout) {
    const int ranks = layout.ep * layout.expert_tp;
    return std::max(1, (ranks + s.cluster.nvlink_domain - 1) / s.cluster.nvlink_domain);
}

/// How much more the tokens of a GPU vary because a gate picks groups first.
double group_excess(const Scenario& s, int ranks) {
    const MoeSpec& moe = *s.model.moe;
    const Gate free{moe.n_routed_experts, moe.num_experts_per_tok};
    Gate limited        = free;
    limited.groups      = groups_of(s);
    limited.topk_groups = limited.groups > 1 ? moe.topk_group : 1;
    const double alike  = variance_per_unit(free, spread_of(free), ranks);
    return alike > 0 ? variance_per_unit(limited, spread_of(limited), ranks) / alike : 1;
}

void check_placement(const Scenario& s, const Origin& origin) {
    if (s.placement == Balancer::none && s.layout.redundant > 0)
        origin.fail("/routing/placement",
                    "\"none\" leaves the redundant experts without a place; allowed: eplb, replicate, ideal");
    if (s.placement == Balancer::ideal) return;
    try {
        placement_of(s, s.layout);
    } catch (const SpecError& e) {
        origin.fail("/routing/placement", e.what());
    }
}

}  // namespace

void resolve_routing(Scenario& s, const DataFiles& data, const Origin& origin) {
    Popularity popularity;
    if (!s.model.moe) {
        if (s.popularity != "uniform")
            origin.fail("/routing/popularity", "\"" + clipped(s.popularity) + "\": the model has no experts");
        return;
    }
    if (is_law(s.popularity) && s.popularity != "uniform") try {
            parse_popularity_law(s.popularity);
        } catch (const SpecError& e) {
            origin.fail("/routing/popularity", e.what());
        }
    if (stays_law(s)) return;
    s.load = load_of(s, s.popularity, data, origin, "/routing/popularity");
    s.planned_load =
        s.planned_on == "same" ? s.load : load_of(s, s.planned_on, data, origin, "/routing/planned_on");
    if (s.load) check_placement(s, origin);
}

ExpertPlacement placement_of(const Scenario& s, const Layout& layout) {
    const ExpertLoad& load = s.planned_load ? *s.planned_load : *s.load;
    const int nodes        = nodes_of(s, layout);
    const EplbShape shape{load.experts + layout.redundant, groups_of(s), layout.ep % nodes == 0 ? nodes : 1,
                          layout.ep};
    return place_experts(s.placement, load, shape).value();
}

std::shared_ptr<const PlacedLoad> placed_load_of(const Scenario& s, const Layout& layout) {
    if (!s.load || s.placement == Balancer::ideal) return nullptr;
    const int groups = groups_of(s);
    const PlacedShape shape{std::max(1, s.cluster.nvlink_domain / layout.expert_tp),
                            s.model.moe->num_experts_per_tok, groups,
                            groups > 1 ? s.model.moe->topk_group : 1, group_excess(s, layout.ep)};
    return std::make_shared<PlacedLoad>(*s.load, placement_of(s, layout), shape);
}

}  // namespace isobath
