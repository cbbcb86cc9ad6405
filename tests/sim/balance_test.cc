// What `isobath balance` answers, held against arithmetic and against the other commands.
#include "sim/balance/balance.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/sim/said.h"

using namespace isobath;
using nlohmann::json;

namespace {

std::vector<Override> parse_all(const std::vector<std::string>& texts) {
    std::vector<Override> out;
    for (const std::string& text : texts) out.push_back(parse_override(text));
    return out;
}

constexpr const char *kDecode = "deepseek-v3-decode-ep128-h800", *kPrefill = "deepseek-v3-prefill-ep32-h800";
constexpr const char *kOwn = "deepseek-v3:prefill_in4096", *kOther = "deepseek-v3:decode_in1000out1000";

json answer(std::vector<std::string> words) {
    words.insert(words.begin(), "balance");
    words.push_back("--json");
    const Said said = say(words);
    INFO(said.err);
    REQUIRE(said.code == cli::kDone);
    return json::parse(said.out);
}

json variant(const json& answer, const std::string& name) {
    for (const json& v : answer["variants"])
        if (v["name"] == name) return v;
    FAIL("no variant " << name);
    return {};
}

double sum(const json& rows, const char* key) {
    double out = 0;
    for (const json& row : rows) out += row[key].get<double>();
    return out;
}

}  // namespace

// One layer; expert 0 counts 9, the other 255 count 1: 264 in all. On 32 ranks of eight, rank 0 holds 16 and
// the mean 264 / 32 = 8.25: mean / max = 0.515625. Expert 0 has 9 / (264 / 256) = 8.727 times the mean.
TEST_CASE("balance: one hot expert fills its rank as arithmetic says", "[sim][balance]") {
    const DataFiles data;
    BalanceScenario of =
        load_balance_scenario(kPrefill, data, parse_all({"layout.experts.redundant=0"}), {kOwn, "", "none"});
    ExpertLoad load(1, 256);
    std::fill(load.count.begin(), load.count.end(), 1.0);
    load.count[0]            = 9;
    of.scenario.load         = std::make_shared<ExpertLoad>(load);
    of.scenario.planned_load = of.scenario.load;
    const Balance b          = balance_of(of, data);
    CHECK(b.layers[0].before == Approx(0.515625));
    CHECK(b.as_planned().mean_over_max == Approx(0.515625));
    CHECK(b.ranks[0].after == Approx(16 / 8.25));
    CHECK(b.ranks[31].after == Approx(8 / 8.25));
    CHECK(b.load.hottest[0].over_mean == Approx(9 / (264 / 256.)));
    CHECK(b.load.hottest[0].expert == 0);
}

TEST_CASE("balance: EPLB evens out the tokens, shortens the step and stays behind the ideal",
          "[sim][balance]") {
    const json a    = answer({kPrefill, "--load", kOwn});
    const json none = variant(a, "own order"), eplb = variant(a, "EPLB"), ideal = variant(a, "ideal");
    CHECK(none["mean_over_max"] < eplb["mean_over_max"]);
    CHECK(eplb["mean_over_max"] < ideal["mean_over_max"]);
    CHECK(none["max_over_mean_tokens"] > eplb["max_over_mean_tokens"]);
    CHECK(none["max_over_mean_time"] > eplb["max_over_mean_time"]);
    CHECK(none["step_s"] > eplb["step_s"]);
    CHECK(eplb["step_s"] > ideal["step_s"]);
    CHECK(none["tokens_per_s_per_gpu"] < eplb["tokens_per_s_per_gpu"]);
    CHECK(ideal["mean_over_max"] == 1.0);
    for (const json& layer : a["per_layer"]) CHECK(layer["in_distribution_mean_over_max"] <= 1 + 1e-12);
}

TEST_CASE("balance: a plan made for other traffic is worse than one made for this", "[sim][balance]") {
    const json foreign = answer({kPrefill, "--load", kOwn, "--planned-on", kOther, "--placement", "eplb"});
    CHECK(foreign["planned_on"] == kOther);
    CHECK(foreign["mean_over_max"] < variant(foreign, "EPLB")["mean_over_max"]);
    CHECK(variant(foreign, "as planned")["step_s"] > variant(foreign, "EPLB")["step_s"]);
    const json own = answer({kPrefill, "--load", kOwn, "--placement", "eplb"});
    CHECK(own["mean_over_max"] == variant(foreign, "EPLB")["mean_over_max"]);
}

TEST_CASE("balance: tokens are neither made nor lost by a placement", "[sim][balance]") {
    const json a = answer({kPrefill, "--load", kOwn, "--planned-on", kOther, "--placement", "eplb"});
    REQUIRE(a["per_rank"].size() == 32);
    CHECK(sum(a["per_rank"], "tokens_over_mean") == Approx(32));
    CHECK(sum(a["per_rank"], "before_over_mean") == Approx(32));
    for (const json& rank : a["per_rank"]) CHECK(rank["worst_over_mean"] >= rank["tokens_over_mean"]);
    CHECK(sum(a["per_layer"], "mean_over_max") / 58 == Approx(a["mean_over_max"].get<double>()));
    CHECK(sum(a["per_layer"], "before_mean_over_max") / 58 ==
          Approx(variant(a, "own order")["mean_over_max"].get<double>()));
}

TEST_CASE("balance: what it says of the scenario is what run says", "[sim][balance]") {
    const json a =
        answer({kDecode, "--load", "lognormal:0.7", "--placement", "eplb", "--planned-on", "zipf:0.4"});
    const json r =
        json::parse(say({"run", kDecode, "--json", "--set", "routing.popularity=lognormal:0.7", "--set",
                         "routing.placement=eplb", "--set", "routing.planned_on=zipf:0.4"})
                        .out);
    CHECK(a["max_over_mean_time"] == r["balance"]["max_over_mean_time"]);
    CHECK(a["max_over_mean_tokens"].get<double>() ==
          Approx(r["balance"]["max_over_mean_tokens"].get<double>()));
    CHECK(variant(a, "as planned")["step_s"] == r["step"]["time_s"]);
    CHECK(variant(a, "as planned")["weights"] == r["memory"]["weights"]);
}

TEST_CASE("balance: experts that are all alike lie evenly wherever they are", "[sim][balance]") {
    const json a = answer({kPrefill, "--load", "uniform"});
    for (const json& v : a["variants"]) CHECK(v["mean_over_max"].get<double>() == Approx(1));
    CHECK(a["hottest"][0]["over_mean"].get<double>() == Approx(1));
    CHECK(a["max_over_mean_tokens"] > 1.0);  // chance is left
}

// A slot more on every GPU is an expert more in each of 58 layers: 3 * 7168 * 2048 weights of a byte each,
// and a 4-byte scale for every 128 x 128 of them.
TEST_CASE("balance: a redundant slot costs one expert of memory in every layer", "[sim][balance]") {
    const json a       = answer({kPrefill, "--load", kOwn});
    const json& slots  = a["slots"];
    const double bytes = 58 * 3 * 7168. * 2048 * (1 + 4 / 16384.);
    REQUIRE(slots.size() == 5);
    for (std::size_t i = 1; i < slots.size(); ++i) {
        const double before = slots[i - 1]["weights"], now = slots[i]["weights"];
        CHECK(slots[i]["redundant"] == int(32 * i));
        CHECK(now - before == Approx(bytes).epsilon(1e-6));
        CHECK(slots[i]["mean_over_max"] > slots[0]["mean_over_max"]);
    }
}

TEST_CASE("balance: the text says what the JSON holds", "[sim][balance]") {
    const std::vector<std::string> words{"balance", kPrefill, "--load", kOwn};
    const std::string text = say(words).out;
    const json a           = answer({kPrefill, "--load", kOwn});
    const auto says        = [&](const json& value, int digits) {
        char shown[40];
        std::snprintf(shown, sizeof shown, "%.*f", digits, value.get<double>());
        INFO(shown);
        CHECK(text.find(shown) != text.npos);
    };
    for (const json& v : a["variants"])
        for (const char* key :
             {"mean_over_max", "max_over_mean", "max_over_mean_tokens", "max_over_mean_time"})
            says(v[key], 3);
    for (const json& v : a["slots"]) says(v["tokens_per_s_per_gpu"], 0);
    for (std::size_t i = 0; i < 5; ++i) says(a["hottest"][i]["over_mean"], 2);
    says(a["network"]["distinct_nodes"], 2);
    says(a["network"]["padding_mean"], 3);
    says(a["network"]["dispatch"]["fluid_s"].get<double>() * 1e6, 1);
}

TEST_CASE("balance: the same words give the same bytes", "[sim][balance]") {
    const std::vector<std::string> words{"balance", kDecode, "--load", "lognormal:0.7", "--json"};
    CHECK(say(words).out == say(words).out);
}
