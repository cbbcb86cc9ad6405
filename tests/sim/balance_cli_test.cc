// The command's own manners: files, flags, pictures, what it takes for granted.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/sim/golden.h"
#include "tests/sim/said.h"
#include "tests/temporary_folder.h"

using namespace isobath;
using nlohmann::json;

namespace {

constexpr const char *kPrefill = "deepseek-v3-prefill-ep32-h800", *kEp72 = "deepseek-v3-decode-ep72-h100";

/// A table of 256 experts in one layer, the first of them `first`.
std::string row(const std::string& first, int experts = 256) {
    std::string out = "{\"logical_count\": [[" + first;
    for (int e = 1; e < experts; ++e) out += ",1";
    return out + "]]}";
}

void refuses(const std::vector<std::string>& words, const std::string& part) {
    const Said said = say(words);
    INFO(said.err);
    CHECK(said.code == cli::kUserError);
    CHECK(said.out.empty());
    CHECK(std::count(said.err.begin(), said.err.end(), '\n') == 1);
    CHECK(said.err.find(part) != said.err.npos);
}

}  // namespace

TEST_CASE("balance: a counted load is read, and a bad one refused in one line that names it",
          "[sim][cli][balance]") {
    const TemporaryFolder folder;
    CHECK(say({"balance", kPrefill, "--load", folder.write("good.json", row("9"))}).code == cli::kDone);
    const auto bad = [&](const std::string& text, const std::string& what) {
        const std::string file = folder.write("bad.json", text);
        refuses({"balance", kPrefill, "--load", file}, what);
        refuses({"balance", kPrefill, "--load", file}, file);
    };
    bad(row("-1"), "-1");
    bad(row("NaN"), "bad.json");
    bad(row("1", 1), "1 expert; expected 2");
    bad(row("1", 255), "255 experts; the model has 256");
    bad("{\"logical_count\": [[1,2],[1,2,3]]}", "/logical_count/1");
    bad("{\"logical_count\": [[0,0],[0,0]]}", "every count is zero");
    bad("{\"logical_count\": 3}", "/logical_count");
    bad("", "bad.json");
    bad("{", "bad.json");
}

TEST_CASE("balance: a bad plan's load is named by its own flag", "[sim][cli][balance]") {
    refuses({"balance", kPrefill, "--load", "lognormal:1", "--planned-on", "zipf:99"},
            "--planned-on zipf:99");
    refuses({"balance", kPrefill, "--drift-to", "zipf:99"}, "--drift-to zipf:99");
}

TEST_CASE("balance: what it cannot do is said in one line", "[sim][cli][balance]") {
    refuses({"balance", "qwen2.5-72b-decode-tp8-h100"}, "has no experts to balance");
    refuses({"balance", kPrefill, "--set", "phase=train"}, "/phase");
    refuses({"balance", kEp72, "--placement", "none"}, "leaves the redundant experts without a place");
    refuses({"balance", kPrefill, "--placement", "best"}, "allowed: none, replicate, eplb, ideal");
    refuses({"balance", kPrefill, "--set", "model=qwen3-235b", "--set", "layout.experts.redundant=0"},
            "--load");
    refuses({"balance", kPrefill, "--interval", "10min"}, "--interval: goes with --drift-to");
    refuses({"balance", kPrefill, "--drift-to", "zipf:1", "--drift", "3"}, "one of s min h");
    refuses({"balance", kPrefill, "--drift-to", "zipf:1", "--drift", "0s"}, "above 0");
    refuses({"balance", kPrefill, "--training", "--method", "hope"}, "none, aux, bias, sequence");
    refuses({"balance", kPrefill, "--training", "--steps", "1.5"}, "whole number");
    refuses({"balance", kPrefill, "--training", "--drop", "0.5"}, "--drop 0.5");
    refuses({"balance", kPrefill, "--figure", "experts"}, "--figure: goes with --svg");
    refuses({"balance", kPrefill, "--svg", "/tmp/x.svg", "--figure", "faces"}, "experts, layers, before");
    refuses({"balance"}, "SCENARIO is missing");
}

TEST_CASE("balance: experts without a load get the preset of their phase, and the answer says so",
          "[sim][cli][balance]") {
    const auto even = [](const char* scenario) {
        return say(
            {"balance", scenario, "--set", "routing.popularity=uniform", "--set", "routing.placement=none"});
    };
    const Said decode = even(kEp72), prefill = even(kPrefill);
    CHECK(decode.out.find("the preset deepseek-v3:decode_in2000out100, for") != decode.out.npos);
    CHECK(prefill.out.find("the preset deepseek-v3:prefill_in4096, for") != prefill.out.npos);
    CHECK(decode.out.find("routing.max_over_mean = 1.102 is left out") != decode.out.npos);
    CHECK(decode.out.find("placement: eplb") != decode.out.npos);
    const Said told = say({"balance", kEp72, "--load", "uniform", "--placement", "eplb"});
    CHECK(told.out.find("the preset") == told.out.npos);
    CHECK(told.out.find("placement: eplb") == told.out.npos);
}

// At EP72, which has no whole groups per node, EPLB of counted decode loads is published at 0.975 to 0.977.
TEST_CASE("balance: the preset at EP72 is balanced by EPLB as counted loads are", "[sim][cli][balance]") {
    const json a = json::parse(say({"balance", kEp72, "--json"}).out);
    CHECK(a["mean_over_max"].get<double>() == Approx(0.976).margin(0.004));
    CHECK(a["before"] == "copies only");  // 256 experts do not divide over 72 ranks
}

TEST_CASE("balance: a drift wears a plan down, a new one costs bytes and a pause", "[sim][cli][balance]") {
    const auto drift = [](const char* interval) {
        return json::parse(say({"balance", kEp72, "--json", "--drift-to", "deepseek-v3:prefill_in4096",
                                "--drift", "30min", "--interval", interval})
                               .out)["drift"];
    };
    const json slow = drift("15 min"), fast = drift("5min");
    CHECK(slow["drift_s"] == 1800.0);
    CHECK(slow["intervals"].size() == 2);
    CHECK(fast["intervals"].size() == 6);
    for (const json& plan : slow["intervals"]) CHECK(plan["mean_over_max_end"] < plan["mean_over_max_start"]);
    CHECK(slow["mean_over_max"] < fast["mean_over_max"]);
    CHECK(fast["mean_over_max"] < fast["fresh_mean_over_max"]);
    CHECK(slow["pause_s"].get<double>() ==
          Approx(slow["moved_per_gpu"].get<double>() / slow["bandwidth"].get<double>()));
    CHECK(slow["experts_moved"] > 0.0);
    CHECK(slow["experts_moved"] <= 58. * 4);  // no GPU has more slots
}

TEST_CASE("balance: the bias evens a router out in training, dropping caps what is left",
          "[sim][cli][balance]") {
    const json all = json::parse(say({"balance", "deepseek-r1-decode-tp8-h200", "--json", "--training",
                                      "--steps", "40", "--drop", "2"})
                                     .out)["training"];
    REQUIRE(all.size() == 4);
    const json &none = all[0], &bias = all[2];
    CHECK(none["method"] == "none");
    CHECK(bias["settled_violation"] < 0.5 * none["settled_violation"].get<double>());
    for (const json& step : bias["steps"]) CHECK(step["max_load_kept"] <= 2.07);  // whole pairs of 16
    CHECK(bias["steps"].back()["dropped"] < none["steps"].back()["dropped"]);
}

TEST_CASE("balance: pictures are drawn whole, and a page needs nothing from outside", "[sim][cli][balance]") {
    const TemporaryFolder folder;
    const std::string svg = folder / "balance.svg", page = folder / "balance.html";
    REQUIRE(say({"balance", kPrefill, "--svg", svg, "--figure", "slots", "--html", page}).code == cli::kDone);
    const std::string picture = folder.read("balance.svg"), html = folder.read("balance.html");
    CHECK(picture.find("What redundant experts buy") != picture.npos);
    CHECK(picture.find("How often each expert is chosen") == picture.npos);
    for (const char* title : {"How often each expert is chosen", "Tokens on each GPU: own order",
                              "Tokens on each GPU: the scenario", "Balance of every layer",
                              "What redundant experts buy", "<h2>Layers</h2>", "<h2>GPUs</h2>"}) {
        INFO(title);
        CHECK(html.find(title) != html.npos);
    }
    CHECK(html.find("<script") == html.npos);
    CHECK(html.find("src=") == html.npos);
    CHECK(html.find("href=") == html.npos);
}
