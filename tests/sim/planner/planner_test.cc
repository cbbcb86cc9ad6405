#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "sim/planner/answer.h"
#include "sim/planner/why_not.h"
#include "tests/catch.h"
#include "tests/sim/planner/brute_force.h"

using namespace isobath;
using nlohmann::json;

namespace {

Scenario read(const json& doc) {
    return read_scenario(doc.dump(), "x.json", DataFiles());
}

json base() {
    return {{"model", "deepseek-v3"},
            {"cluster", {{"extends", "h200-8xib"}, {"nodes", 4}}},
            {"phase", "serve"},
            {"precision", {{"extends", "deepseek-fp8"}, {"kv_cache", "fp8"}}},
            {"engine", "sglang"},
            {"routing", {{"popularity", "lognormal:0.85"}}},
            {"workload", {{"isl", 2000}, {"osl", 500}, {"concurrency", 200}}},
            {"serving", {{"chunk", 8192}, {"units", {{"aggregated", {{"count", 1}}}}}}},
            {"slo", {{"ttft_p90", "2 s"}, {"tpot_p90", "40 ms"}}}};
}

/// A few values of each list, drawn.
json small_space(std::mt19937_64& random) {
    const auto pick = [&](const json& list, std::size_t most) {
        json out = json::array();
        for (const json& one : list)
            if (out.size() < most && random() % 2 == 0) out.push_back(one);
        if (out.empty()) out.push_back(list[random() % list.size()]);
        return out;
    };
    return {{"unit_gpus", pick({8, 16, 24}, 2)},
            {"tp", pick({1, 2, 4, 8}, 2)},
            {"comms", pick({"nccl", "deepep-normal", "deepep-low-latency"}, 2)},
            {"overlaps", pick({"none", "shared-expert", "two-batch", "two-batch-hook"}, 2)},
            {"redundant", {0}},
            {"speculations", pick({"none", "mtp:1", "mtp:2"}, 2)},
            {"chunks", pick({2048, 4096, 8192}, 2)},
            {"batches", pick({2, 3, 5, 8, 13, 21, 34, 55}, 4)}};
}

json small_question(std::mt19937_64& random) {
    const auto among = [&](const json& list) { return list[random() % list.size()]; };
    json doc         = base();
    doc["slo"]       = {{"ttft_p90", among({"700 ms", "1.5 s", "4 s"})},
                        {"tpot_p90", among({"15 ms", "25 ms", "60 ms"})}};
    doc["workload"]  = {{"isl", among({500, 2000, 4000})},
                        {"osl", among({100, 500, 1000})},
                        {"range_ratio", among({0.8, 1})},
                        {"concurrency", among({20, 150, 400})}};
    doc["plan"]      = {{"demand", among({"all", "load"})},
                        {"objective", among({"cost", "gpus", "throughput", "latency", "energy"})},
                        {"max_gpus", among({16, 32, 48})},
                        {"spare_units", among({0, 0, 1})},
                        {"space", small_space(random)}};
    if (random() % 3 == 0)
        doc["workload"]["arrivals"] = {{"process", "poisson"}, {"rate", among({1, 5})}},
        doc["workload"]["duration"] = "600 s";
    return doc;
}

std::vector<brute::Figures> figures(const std::vector<PlanRecord>& records) {
    std::vector<brute::Figures> out;
    for (const PlanRecord& r : records) out.push_back({r.objective, r.tpot, r.gpu_per_rate, r.usd_per_rate});
    return out;
}

bool close(double a, double b) {
    return std::abs(a - b) <= 1e-9 * std::abs(b);
}

/// Whether each plan of `some` is equalled by one of `others`.
bool covered(const std::vector<brute::Figures>& some, const std::vector<brute::Figures>& others) {
    return std::all_of(some.begin(), some.end(), [&](const brute::Figures& a) {
        return std::any_of(others.begin(), others.end(), [&](const brute::Figures& b) {
            return close(b.tpot, a.tpot) && b.gpu_per_rate <= a.gpu_per_rate * (1 + 1e-9) &&
                   b.usd_per_rate <= a.usd_per_rate * (1 + 1e-9);
        });
    });
}

}  // namespace

namespace {

/// On so many spaces drawn at random; how many of them have a plan.
int agree_with_brute_force(int spaces) {
    std::mt19937_64 random(7);
    int with_plans = 0;
    for (int i = 0; i < spaces; ++i) {
        const json doc = small_question(random);
        INFO(doc.dump());
        const Scenario s                      = read(doc);
        const PlanSearch found                = search_plans(s, DataFiles());
        const std::vector<brute::Figures> all = brute::Everything(s, found, DataFiles()).run();
        CHECK(found.tally.counted() == found.tally.considered);
        CHECK(all.empty() == found.records.empty());
        if (all.empty() || found.records.empty()) continue;
        ++with_plans;
        const auto least = [](const brute::Figures& a, const brute::Figures& b) {
            return a.objective < b.objective;
        };
        const double best = std::min_element(all.begin(), all.end(), least)->objective;
        CHECK(found.records.front().objective == Approx(best).epsilon(1e-9));
        const auto front = figures(pareto_of(found.records)), truth = brute::pareto(all);
        CHECK(covered(truth, front));
        CHECK(covered(front, truth));
    }
    return with_plans;
}

}  // namespace

TEST_CASE("plan: the optimum and the Pareto front are those of trying everything, on spaces drawn at random",
          "[sim][plan]") {
    CHECK(agree_with_brute_force(5) >= 1);
}

TEST_CASE("plan: the optimum and the front are those of trying everything, on many spaces", "[.slow][plan]") {
    CHECK(agree_with_brute_force(40) >= 16);
}

TEST_CASE("plan: every candidate is in one bin, and their number is the product of the lists",
          "[sim][plan]") {
    // 4 tp x 2 unit sizes x ep {1, all} x 2 redundant x 1 comm x 2 overlaps are raw layouts; what can exist
    // of them times 3 batches, 1 speculation and 1 precision decodes, as often again for each prefill unit,
    // and for each of 2 chunks.
    json doc           = base();
    doc["plan"]        = {{"demand", "all"},
                          {"space",
                           {{"unit_gpus", {8, 16}},
                            {"tp", {1, 2, 4, 8}},
                            {"ep", {1, 8}},
                            {"redundant", {0, 32}},
                            {"comms", {"nccl"}},
                            {"overlaps", {"none", "shared-expert"}},
                            {"speculations", {"none"}},
                            {"chunks", {4096, 8192}},
                            {"batches", {4, 16, 64}}}}};
    const PlanSearch s = search_plans(read(doc), DataFiles());
    const double legal = double(s.space.clusters[0].layouts.size());
    CHECK(s.space.raw_layouts() == 4 * 2 * 2 * 2 * 2);
    CHECK(s.tally.considered == 64 - legal + legal * 3 * 2 + legal * 3 * legal);
    CHECK(s.tally.counted() == s.tally.considered);
    CHECK(s.tally.evaluated > 0);
    CHECK(s.tally.paired > 0);
}

TEST_CASE("plan: layouts that it takes are those that a scenario may have, and no others", "[sim][plan]") {
    json doc              = base();
    doc["plan"]["space"]  = {{"unit_gpus", {8, 12}}, {"tp", {1, 3, 8}},
                             {"pp", {1, 61}},        {"ep", {1, 3, 8}},
                             {"redundant", {0, 8}},  {"comms", {"none", "nccl", "mnnvl"}}};
    const Scenario s      = read(doc);
    const PlanSpace space = plan_space(s, DataFiles());
    const auto may        = [&](int gpus, const Layout& l) {
        json unit                        = base();
        unit["cluster"]["nodes"]         = (gpus + 7) / 8;
        unit["cluster"]["gpus_per_node"] = std::min(gpus, 8);
        unit["cluster"]["nvlink_domain"] = std::min(gpus, 8);
        unit["phase"]                    = "decode";
        unit["serving"].erase("units");
        unit["layout"]                 = layout_json(l);
        unit["layout"]["comm_library"] = l.comm == Comm::mnnvl ? "mnnvl-trtllm-1.2" : "auto";
        unit["routing"]["placement"]   = l.redundant > 0 ? "ideal" : "none";
        try {
            read(unit);
            return true;
        } catch (const SpecError&) {
            return false;
        }
    };
    int allowed = 0, refused = 0;
    for (const double gpus : space.unit_gpus)
        for (const double tp : space.tp)
            for (const double pp : space.pp)
                for (const double ep : space.ep)
                    for (const double redundant : space.redundant)
                        for (const Comm comm : space.comms)
                            for (const Overlap overlap : space.overlaps) {
                                Layout l;
                                l.attention_tp = int(tp);
                                l.pp           = int(pp);
                                l.ep           = int(ep);
                                l.redundant    = int(redundant);
                                l.comm         = comm;
                                l.overlap      = overlap;
                                const auto why = refuse(space, space.clusters[0], s, int(gpus), l);
                                if (why == Excluded::same || why == Excluded::left_out) continue;
                                INFO(layout_json(l).dump() << " on " << gpus);
                                CHECK(may(int(gpus), l) == !why);
                                ++(why ? refused : allowed);
                            }
    CHECK(allowed > 5);
    CHECK(refused > 50);
}

TEST_CASE("plan: run says of the planned scenario what the plan says", "[sim][plan]") {
    for (const char* mode : {"aggregated", "split"}) {
        json doc           = base();
        doc["plan"]        = {{"demand", "all"},
                              {"objective", "throughput"},
                              {"space", {{"modes", {mode}}, {"speculations", {"none", "mtp:1"}}}}};
        const Scenario s   = read(doc);
        const PlanSearch p = search_plans(s, DataFiles());
        REQUIRE(!p.records.empty());
        const PlanRecord& best = p.records.front();
        const ServedResult r   = predict_served(
              read_scenario(planned_scenario(s, p, best).dump(), "planned", DataFiles()), DataFiles());
        INFO(mode);
        // The split closed loop lets nobody wait in line below the capacity of prefill; a plan does (M/D/n).
        const bool split = best.split();
        CHECK(r.tpot.time.base() == Approx(best.tpot).epsilon(split ? 0.02 : 1e-9));
        CHECK(r.ttft.time.base() <= best.ttft * (1 + 1e-9));
        CHECK(r.ttft.time.base() == Approx(best.ttft).epsilon(split ? 0.2 : 1e-9));
        // Its throughput is that of a run whose first requests come at once; a plan's is the steady state's.
        CHECK(r.output_tokens_per_s == Approx(best.tokens_per_s).epsilon(0.05));
    }
}

TEST_CASE("plan: twice the same question, twice the same answer", "[sim][plan]") {
    json doc             = base();
    doc["plan"]["space"] = {{"unit_gpus", {8}}, {"batches", {4, 16}}};
    const Scenario s     = read(doc);
    CHECK(to_json(plan(s, DataFiles())).dump() == to_json(plan(s, DataFiles())).dump());
}

TEST_CASE("plan: more GPUs, looser limits or more choice never make the best plan worse", "[sim][plan]") {
    json doc             = base();
    doc["plan"]          = {{"demand", "all"}, {"objective", "throughput"}};
    doc["plan"]["space"] = {
        {"unit_gpus", {8}}, {"tp", {1, 8}}, {"batches", {4, 8, 16, 32}}, {"speculations", {"none"}}};
    const auto best = [](const json& d) {
        const PlanSearch s = search_plans(read(d), DataFiles());
        return s.records.empty() ? 0 : -s.records.front().objective;
    };
    const double before = best(doc);
    CHECK(before > 0);
    json more                = doc;
    more["plan"]["max_gpus"] = 40;
    CHECK(best(more) >= before);
    json looser               = doc;
    looser["slo"]["tpot_p90"] = "60 ms";
    CHECK(best(looser) >= before);
    json choice                   = doc;
    choice["plan"]["space"]["tp"] = {1, 2, 4, 8};
    CHECK(best(choice) >= before);
}

TEST_CASE("plan: a limit that nothing meets is answered with the nearest miss", "[sim][plan]") {
    json doc               = base();
    doc["slo"]["tpot_p90"] = "1 ms";
    doc["plan"]["space"]   = {{"unit_gpus", {8}}, {"batches", {2, 8}}, {"speculations", {"none"}}};
    const PlanAnswer a     = plan(read(doc), DataFiles());
    CHECK(!a.best);
    REQUIRE(a.nearest);
    CHECK(a.nearest->tpot > 1e-3);
}

TEST_CASE("plan: what is asked of it must make sense", "[sim][plan]") {
    const auto said = [](const json& doc) {
        try {
            search_plans(read(doc), DataFiles());
            return std::string();
        } catch (const SpecError& e) {
            return std::string(e.what());
        }
    };
    json doc                      = base();
    doc["plan"]["space"]["modes"] = {"both"};
    CHECK(said(doc) == "x.json: /plan/space/modes: \"both\": not known; allowed: aggregated, split");
    doc                        = base();
    doc["plan"]["space"]["tp"] = {1.5};
    CHECK(said(doc) == "x.json: /plan/space/tp: expected whole numbers, got 1.5");
    doc                                  = base();
    doc["plan"]["space"]["speculations"] = {"mtp:99"};
    CHECK(said(doc).find("depth 1 to 16") != std::string::npos);
    doc         = base();
    doc["plan"] = {{"demand", "all"}, {"growth", 0.2}};
    CHECK(said(doc).find("/plan/growth") != std::string::npos);
    doc                              = base();
    doc["plan"]["space"]["clusters"] = {"h300"};
    CHECK(said(doc).find("h300") != std::string::npos);
    CHECK_THROWS_AS(why_not(plan(read(base()), DataFiles()), "tpp=8", DataFiles()), SpecError);
}
