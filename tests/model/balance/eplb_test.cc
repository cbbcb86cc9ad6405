#include "model/balance/eplb.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "hw/spec_reader.h"
#include "tests/allocations.h"
#include "tests/catch.h"
#include "tests/shared_data.h"

using namespace isobath;
using nlohmann::json;

namespace {

ExpertLoad load_of(const std::vector<std::vector<double>>& rows) {
    ExpertLoad load(int(rows.size()), int(rows.front().size()));
    load.count.clear();
    for (const auto& row : rows) load.count.insert(load.count.end(), row.begin(), row.end());
    return load;
}

template <class T>
std::vector<int> values(const std::vector<T>& indices) {
    std::vector<int> out;
    for (const T& i : indices) out.push_back(i.value);
    return out;
}

std::vector<int> flat(const json& nested) {
    std::vector<int> out;
    for (const json& x : nested)
        if (x.is_array())
            for (const int v : flat(x)) out.push_back(v);
        else
            out.push_back(x.get<int>());
    return out;
}

/// Some loads of every kind: popular experts, ties, zeros.
ExpertLoad made_up(int layers, int experts, unsigned seed) {
    std::mt19937_64 random(seed);
    ExpertLoad load(layers, experts);
    for (double& count : load.count) {
        const double u = double(random() >> 11) * 0x1p-53;
        count          = u < 0.1 ? 0 : std::floor(20 * std::exp(2 * u * u));
    }
    return load;
}

double busiest(const ExpertLoad& load, const ExpertPlacement& placement) {
    const std::vector<double> ranks = rank_loads(load, placement);
    return *std::max_element(ranks.begin(), ranks.end());
}

const std::vector<std::vector<double>> kReadme{{90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86},
                                               {20, 107, 104, 64, 19, 197, 187, 157, 172, 86, 16, 27}};

}  // namespace

TEST_CASE("eplb: the README's 12 experts go to the README's 16 slots", "[model][balance]") {
    // The example of EPLB's README: 16 replicas, 4 groups, 2 nodes, 8 GPUs.
    const ExpertPlacement p = rebalance_experts(load_of(kReadme), {16, 4, 2, 8});
    CHECK(values(p.phy2log) == std::vector<int>{5, 6,  5, 7, 8, 4,  3, 4, 10, 9, 10, 2, 0, 1, 11, 1,
                                                7, 10, 6, 8, 6, 11, 8, 9, 2,  4, 5,  1, 5, 0, 3,  1});
    CHECK(p.logcnt ==
          std::vector<int>{1, 2, 1, 1, 2, 2, 1, 1, 1, 1, 2, 1, 1, 2, 1, 1, 1, 2, 2, 1, 2, 1, 1, 1});
    CHECK(p.most == 2);
    // The second copy of expert 1 was made after the first, yet its slot, 13, comes before 15.
    CHECK(p.slots_of(0, LogicalExpert{1})[0] == PhysicalExpert{15});
    CHECK(p.slots_of(0, LogicalExpert{1})[1] == PhysicalExpert{13});
}

TEST_CASE("eplb: groups that do not divide over the nodes are placed globally", "[model][balance]") {
    // 3 nodes for 4 groups. One group on one node: 12 slots for 12 experts on 3 GPUs, so nothing is copied.
    // Descending: 183 165 132 | 104 90 86 | 73 61 56 | 40 39 4. Each goes to the lightest GPU with room:
    //   10 5 1 -> GPU 0 1 2;  4 (104) -> GPU 2: 236;  0 (90) -> GPU 1: 255;  11 (86) -> GPU 0: 269;
    //   8 (73) -> GPU 2: 309; 3 (61) -> GPU 1: 316; 9 (56) -> GPU 0: 325; 2 (40) -> GPU 2: 349, full;
    //   6 (39) -> GPU 1: 355, full; 7 (4) -> GPU 0: 329.
    const ExpertPlacement p = rebalance_experts(load_of({kReadme[0]}), {12, 4, 3, 3});
    CHECK(values(p.phy2log) == std::vector<int>{10, 11, 9, 7, 5, 0, 3, 6, 1, 4, 8, 2});
    CHECK(rank_loads(load_of({kReadme[0]}), p) == std::vector<double>{329, 355, 349});
}

TEST_CASE("eplb: of equals the first is taken", "[model][balance]") {
    // Four experts of load 6 and six slots on two GPUs: 0 gets the first copy (3 each), then 1.
    // Slots 6 6 3 3 3 3 in descending order: 2, 3, then 0, 1, 0', 1'.
    const ExpertPlacement p = rebalance_experts(load_of({{6, 6, 6, 6}}), {6, 1, 1, 2});
    CHECK(p.logcnt == std::vector<int>{2, 2, 1, 1});
    CHECK(values(p.phy2log) == std::vector<int>{2, 0, 0, 3, 1, 1});
    CHECK(rank_loads(load_of({{6, 6, 6, 6}}), p) == std::vector<double>{12, 12});
}

TEST_CASE("eplb: every placement of the original is met bit by bit", "[model][balance][data]") {
    const auto folder = test::shared_data("eplb");
    int files         = 0;
    if (folder.empty()) return;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const json v = read_json(entry.path());
        INFO(entry.path().filename().string());
        const EplbShape shape{v["num_replicas"], v["num_groups"], v["num_nodes"], v["num_gpus"]};
        const ExpertLoad load   = load_of(v["weight"].get<std::vector<std::vector<double>>>());
        const ExpertPlacement p = rebalance_experts(load, shape);
        CHECK(values(p.phy2log) == flat(v["phy2log_stable"]));
        CHECK(values(p.log2phy) == flat(v["log2phy_stable"]));
        CHECK(p.logcnt == flat(v["logcnt_stable"]));
        ++files;
    }
    CHECK(files == 13);
}

TEST_CASE("eplb: a shape that does not divide is refused by name", "[model][balance]") {
    const ExpertLoad load(1, 256);
    CHECK_THROWS_WITH(rebalance_experts(load, {290, 8, 4, 32}),
                      "290 replicas do not divide evenly over 32 GPUs; expected a multiple of 32");
    CHECK_THROWS_WITH(rebalance_experts(load, {288, 8, 5, 32}),
                      "32 GPUs do not divide evenly over 5 nodes; expected a multiple of 5");
    CHECK_THROWS_WITH(rebalance_experts(load, {288, 7, 4, 32}),
                      "256 experts do not divide evenly over 7 groups; expected a multiple of 7");
    CHECK_THROWS_WITH(rebalance_experts(load, {224, 8, 4, 32}),
                      "224 replicas cannot hold 256 experts; expected at least 256");
    CHECK_THROWS_AS(rebalance_experts(load, {0, 0, 0, 0}), SpecError);
    CHECK_THROWS_AS(rebalance_experts(load, {-288, 8, 4, -32}), SpecError);
    ExpertLoad broken(1, 256);
    broken.count[3] = -1;
    CHECK_THROWS_WITH(rebalance_experts(broken, {256, 8, 4, 32}),
                      "layer 0, expert 3: a load of -1; expected 0 to 1e+30");
}

TEST_CASE("eplb: each slot holds an expert, each expert a slot, and no token is lost", "[model][balance]") {
    for (const EplbShape& shape :
         {EplbShape{288, 8, 4, 32}, {320, 8, 8, 64}, {288, 8, 9, 72}, {256, 8, 1, 8}}) {
        const ExpertLoad load   = made_up(3, 256, 5);
        const ExpertPlacement p = rebalance_experts(load, shape);
        for (int l = 0; l < 3; ++l) {
            int slots = 0;
            for (int e = 0; e < 256; ++e)
                for (const PhysicalExpert slot : p.slots_of(l, LogicalExpert{e})) {
                    CHECK(p.slots(l)[std::size_t(slot.value)] == LogicalExpert{e});
                    ++slots;
                }
            CHECK(slots == shape.replicas);
        }
        CHECK(total(rank_loads(load, p)) == Approx(total(load.count)));
    }
}

TEST_CASE("eplb: the busiest GPU is never busier than without it", "[model][balance]") {
    for (unsigned seed = 0; seed < 100; ++seed) {
        const ExpertLoad load   = made_up(1, 64, seed);
        const double unbalanced = busiest(load, contiguous_placement(1, 64, 16));
        CHECK(busiest(load, rebalance_experts(load, {64, 8, 2, 16})) <= unbalanced);
        CHECK(busiest(load, rebalance_experts(load, {80, 8, 2, 16})) <= unbalanced);
        CHECK(busiest(load, rebalance_experts(load, {80, 1, 1, 16})) <= unbalanced);
    }
}

TEST_CASE("eplb: renaming experts of distinct loads renames the placement", "[model][balance]") {
    ExpertLoad load(1, 64), renamed(1, 64);
    std::vector<int> name(64);
    for (int e = 0; e < 64; ++e) {
        name[std::size_t(e)]                             = (e * 37 + 11) % 64;
        load.count[std::size_t(e)]                       = 100 + 7 * e + e * e;
        renamed.count[std::size_t(name[std::size_t(e)])] = load.count[std::size_t(e)];
    }
    const ExpertPlacement a = rebalance_experts(load, {80, 1, 1, 16}),
                          b = rebalance_experts(renamed, {80, 1, 1, 16});
    // Copies of one expert are equals among themselves, so which of two GPUs gets which copy is the same.
    std::vector<double> of_a = rank_loads(load, a), of_b = rank_loads(renamed, b);
    std::sort(of_a.begin(), of_a.end());
    std::sort(of_b.begin(), of_b.end());
    CHECK(of_a == of_b);
    for (int e = 0; e < 64; ++e)
        CHECK(a.copies(0)[std::size_t(e)] == b.copies(0)[std::size_t(name[std::size_t(e)])]);
}

TEST_CASE("eplb: copies without moving do less than EPLB and more than nothing", "[model][balance]") {
    // Expert 0 carries 8 of 16: alone it makes its GPU carry 9 of a mean 4. Two copies: 4 + 1 on GPU 0 and
    // 4 + ... the copies lie on the last GPU.
    const ExpertLoad load   = load_of({{8, 1, 2, 1, 1, 1, 1, 1}});
    const ExpertPlacement p = replicated_placement(load, 12, 4);
    // Slots 0..7, then copies: 0 (4), 0 (8/3), 0 (2), and of 2 2 2 ... the first, expert 0 again (8/5).
    CHECK(p.copies(0)[0] == 5);
    CHECK(rank_loads(load, p)[0] == Approx(8 / 5. + 1 + 2));
    CHECK(busiest(load, p) <= busiest(load, contiguous_placement(1, 8, 4)));
    CHECK(busiest(load, rebalance_experts(load, {12, 1, 1, 4})) <= busiest(load, p));
}

TEST_CASE("eplb: a warm rebalance allocates nothing", "[model][balance]") {
    const ExpertLoad load = made_up(4, 256, 1);
    EplbScratch scratch;
    ExpertPlacement placement;
    rebalance_experts(load, {288, 8, 9, 72}, scratch, placement);
    const std::size_t before = test::allocations();
    rebalance_experts(load, {288, 8, 9, 72}, scratch, placement);
    CHECK(test::allocations() == before);
}
