#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include <fmt/format.h>

#include "hw/text.h"
#include "model/numerics/tensor_file.h"
#include "sim/cli/flags.h"
#include "sim/numerics/budget.h"
#include "sim/plot/grid.h"

namespace isobath::cli {
namespace {

using numerics::Tensor;

constexpr const char* kScenario = "deepseek-v3-decode-ep128-h800";

/// "a=FILE" as its two halves.
std::pair<std::string, std::string> named_file(const std::string& flag, const std::string& word,
                                               std::span<const std::string_view> names) {
    const auto sign = word.find('=');
    for (const std::string_view name : names)
        if (sign != word.npos && word.substr(0, sign) == name && sign + 1 < word.size())
            return {std::string(name), word.substr(sign + 1)};
    throw SpecError(
        fmt::format("--{} {}: expected NAME=FILE; names: {}", flag, clipped(word), joined(names)));
}

void read_tensors(const Flags& flags, numerics::Sample& sample) {
    constexpr std::string_view kNames[] = {"activations", "weights", "cache"};
    for (const std::string& word : flags.list("tensor")) {
        const auto [name, file] = named_file("tensor", word, kNames);
        Tensor& place           = name == "activations" ? sample.activations
                                  : name == "weights"   ? sample.weights
                                                        : sample.cache;
        if (place.rows) throw SpecError("--tensor " + name + ": given twice");
        place = numerics::read_tensor(file);
    }
}

std::optional<GivenLogits> read_logits(const Flags& flags) {
    if (!flags.has("logits")) return std::nullopt;
    constexpr std::string_view kNames[] = {"target", "draft", "target_probabilities", "draft_probabilities"};
    const std::string text              = flags.text("logits");
    std::map<std::string, Tensor> given;
    for (std::size_t from = 0; from <= text.size();) {
        const std::size_t comma = std::min(text.find(',', from), text.size());
        auto [name, file]       = named_file("logits", text.substr(from, comma - from), kNames);
        Tensor tensor           = numerics::read_tensor(file);
        if (name.ends_with("_probabilities")) {
            numerics::check_probabilities(tensor, file);
            for (float& p : tensor.values) p = std::log(std::max(p, 1e-30f));
            name.resize(name.find('_'));
        }
        if (!given.emplace(name, std::move(tensor)).second)
            throw SpecError("--logits: " + name + " is given twice");
        from = comma + 1;
    }
    if (given.size() != 2) throw SpecError("--logits: expected target=FILE,draft=FILE");
    const Tensor &target = given.at("target"), &draft = given.at("draft");
    if (target.rows != draft.rows || target.columns != draft.columns || target.columns < 2)
        throw SpecError(
            fmt::format("--logits: target is {} x {}, draft {} x {}; expected the same positions x "
                        "vocabulary",
                        target.rows, target.columns, draft.rows, draft.columns));
    return GivenLogits{target, draft};
}

PrecisionPolicy policy_of(const std::string& word, const DataFiles& data) {
    std::error_code none;
    if (!word.ends_with(".json") && !std::filesystem::exists(word, none)) {
        load_preset(data, "scenarios/precisions", word, "isobath numerics", "POLICY");  // says who asked
        return load_precision(data, word);
    }
    nlohmann::json json = read_json(word);
    PrecisionPolicy base;
    if (json.is_object() && json.contains("extends")) {
        if (!json["extends"].is_string()) fail_at(word, "/extends", "expected the name of a preset");
        base = load_precision(data, json["extends"].get<std::string>());
        json.erase("extends");
    }
    PrecisionPolicy policy = read_precision(json, clipped(word, 400), "", base);
    policy.name            = std::filesystem::path(word).stem().string();
    return policy;
}

std::uint64_t seed_of(const Flags& flags) {
    const std::string word  = flags.text("seed", "1");
    std::uint64_t seed      = 0;
    const auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), seed);
    if (wrong != std::errc() || end != word.data() + word.size())
        throw SpecError("--seed " + clipped(word) + ": need a whole number from 0 to 18446744073709551615");
    return seed;
}

/// Every position that the scenario's acceptance curve has, though its own steps draft fewer.
std::vector<double> survival_of(const Flags& flags, const Scenario& scenario, const DataFiles& data) {
    std::vector<double> longest = scenario.speculation.survival;
    if (longest.empty()) return {0.875};  // DeepSeek-V3 report: 85 to 90 %
    std::vector<Override> overrides = flags.set();
    for (int depth = int(longest.size()) + 1; depth <= 3; ++depth) try {
            overrides.push_back(parse_override(fmt::format("speculation.depth={}", depth)));
            longest = load_scenario(flags.text("scenario", kScenario), data, overrides).speculation.survival;
        } catch (const SpecError&) {  // the curve ends here
            break;
        }
    return longest;
}

NumericsRequest request_of(const Flags& flags, const Scenario& scenario, const DataFiles& data) {
    NumericsRequest request;
    request.model       = scenario.model;
    request.policy      = policy_of(flags.word("POLICY"), data);
    request.sample.seed = seed_of(flags);
    check_precision(request.policy, request.model, request.policy.name, "");
    read_tensors(flags, request.sample);
    request.logits          = read_logits(flags);
    request.survival        = survival_of(flags, scenario, data);
    request.survival_source = scenario.speculation.source;
    return request;
}

}  // namespace

int command_numerics(const Call& call) {
    Flags flags(
        "numerics POLICY",
        "What a precision does to GEMMs, latent attention, the router and the acceptance of drafts: formats\n"
        "and sums computed in software on sampled outputs of the model's shapes. POLICY is a preset (see\n"
        "isobath presets) or a JSON file. With --budget: the cheapest formats, component by component.\n"
        "Exit code 3: no policy is inside the budget.",
        "isobath numerics deepseek-fp8 --budget acceptance=0.03");
    flags.positional("POLICY").common();
    flags
        .value("scenario", "SCENARIO",
               "whose model, drafts and step time; left out: deepseek-v3-decode-ep128-h800")
        .overrides()
        .values("tensor", "NAME=FILE",
                "your activations, weights or cache as .npy or .safetensors (FILE#TENSOR)")
        .value("logits", "target=FILE,draft=FILE",
               "your logits, positions x vocabulary; or target_probabilities=, draft_probabilities=")
        .value("budget", "error=X,acceptance=Y",
               "most relative error of the hidden state, most acceptance that the first draft may lose")
        .value("seed", "N", "of everything that is made up; left out: 1")
        .value("svg", "FILE", "draw errors by k, by context, of the router and of acceptance");
    if (!flags.parse(call)) return kDone;
    const DataFiles data    = flags.data();
    const Scenario scenario = load_scenario(flags.text("scenario", kScenario), data, flags.set());
    std::optional<numerics::NumericBudget> budget;
    if (flags.has("budget")) budget = parse_budget(flags.text("budget"));
    const NumericsRequest request = request_of(flags, scenario, data);
    const NumericsReport report   = numerics_report(request, data);
    if (flags.has("svg")) write_file(flags.text("svg"), plot::grid_svg(figures_of(report), 2, {640, 420}));
    nlohmann::json json = to_json(report);
    std::string text    = to_text(report);
    bool feasible       = true;
    if (budget) {
        const BudgetReport cheapest = cheapest_precision(scenario, request, *budget, data);
        json["budget"]              = to_json(cheapest);
        text += to_text(cheapest);
        feasible = cheapest.found.feasible;
    }
    write_out(call, flags, flags.has("json") ? json.dump(2) + "\n" : text);
    return feasible ? kDone : kNoFit;
}

}  // namespace isobath::cli
