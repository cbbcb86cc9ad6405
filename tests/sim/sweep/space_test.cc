#include "sim/sweep/space.h"

#include <algorithm>
#include <set>

#include "sim/sweep/runner.h"
#include "tests/catch.h"
#include "tests/sim/sweep/sweeps.h"

using namespace isobath;
using namespace isobath::sweep;

namespace {

const std::string kNodes   = R"({"path": "cluster.nodes", "values": [1, 2, 4]})",
                  kOverlap = R"({"path": "layout.overlap", "values": ["none", "shared-expert"]})",
                  kBatch   = R"({"path": "workload.batch_per_gpu", "from": 1, "to": 7, "step": 1})";

/// All places, in the order in which they are evaluated.
std::vector<Place> places(const Space& space) {
    std::vector<Place> out(space.points());
    for (std::size_t turn = 0; turn < out.size(); ++turn) space.place_at(turn, out[turn]);
    return out;
}

std::set<std::uint64_t> ids(const Sweep& sweep) {
    const Space space(sweep);
    std::set<std::uint64_t> out;
    for (std::size_t point = 0; point < space.points(); ++point) out.insert(space.id_of(point));
    return out;
}

}  // namespace

TEST_CASE("space: every point comes once, and its identity is the same both ways", "[sim][sweep]") {
    const Sweep sweep = sweep_of(kBatch + "," + kNodes + "," + kOverlap);
    const Space space(sweep);
    CHECK(space.points() == 7 * 3 * 2);
    std::set<std::size_t> seen;
    for (const Place& p : places(space)) {
        seen.insert(p.point);
        CHECK(p.id == space.id_of(p.point));
        for (std::size_t d = 0; d < 3; ++d) CHECK(p.rows[d] == space.row_of(p.point, d));
    }
    CHECK(seen.size() == space.points());
    CHECK(ids(sweep).size() == space.points());
}

TEST_CASE("space: a new model comes least often, a new load most often", "[sim][sweep]") {
    const Sweep sweep = sweep_of(kBatch + "," + kOverlap + "," + kNodes);
    const Space space(sweep);
    std::size_t models = 0, layouts = 0;
    const std::vector<Place> all = places(space);
    for (std::size_t i = 1; i < all.size(); ++i) {
        models += all[i].model != all[i - 1].model;
        layouts += all[i].layout != all[i - 1].layout;
        if (all[i].model == all[i - 1].model) CHECK(all[i].rows[2] == all[i - 1].rows[2]);
        if (all[i].layout == all[i - 1].layout) CHECK(all[i].rows[1] == all[i - 1].rows[1]);
    }
    CHECK(models == 3 - 1);
    CHECK(layouts == 3 * 2 - 1);
}

TEST_CASE("space: a point is the same point in a sweep with other axes, and in another order",
          "[sim][sweep]") {
    const std::string more = R"({"path": "cluster.nodes", "values": [1, 2, 3, 4, 5]})";
    CHECK(ids(sweep_of(kBatch + "," + kNodes)) == ids(sweep_of(kNodes + "," + kBatch)));
    const auto few = ids(sweep_of(kBatch + "," + kNodes)), many = ids(sweep_of(more + "," + kBatch));
    CHECK(std::includes(many.begin(), many.end(), few.begin(), few.end()));
    // What is kept, what runs and what it starts from make another point.
    for (const Sweep& other : {sweep_of(kBatch + "," + kNodes, R"(, "columns": ["fits"])"),
                               sweep_of(kBatch + "," + kNodes, R"(, "run": "speculate")"),
                               sweep_of(kBatch + "," + kNodes, R"(, "set": {"layout.pp": 1})"),
                               sweep_of(kBatch + "," + kNodes, "", "deepseek-v3-decode-ep320-h800")}) {
        const auto others = ids(other);
        std::vector<std::uint64_t> common;
        std::set_intersection(few.begin(), few.end(), others.begin(), others.end(),
                              std::back_inserter(common));
        CHECK(common.empty());
    }
}

TEST_CASE("space: blocks are all turns, in order, and never hold parts of two models", "[sim][sweep]") {
    for (const std::string& axes :
         {kBatch, kNodes, kBatch + "," + kNodes, kNodes + "," + kOverlap + "," + kBatch,
          std::string(R"({"path": "workload.context", "from": 1, "to": 30011, "step": 1})") + "," + kNodes,
          std::string(R"({"path": "cluster.nodes", "from": 1, "to": 9973, "step": 1})") + "," + kOverlap}) {
        const Sweep sweep = sweep_of(axes);
        const Space space(sweep);
        INFO(axes);
        CHECK(space.first_turn(0) == 0);
        CHECK(space.first_turn(space.blocks()) == space.points());
        Place first, last, next;
        for (std::size_t b = 0; b < space.blocks(); ++b) {
            const std::size_t begin = space.first_turn(b), end = space.first_turn(b + 1);
            REQUIRE(begin <= end);
            if (begin == end) continue;
            space.place_at(begin, first);
            space.place_at(end - 1, last);
            if (first.model == last.model || end == space.points()) continue;
            space.place_at(end, next);  // whole models: the next block begins a new one
            CHECK(next.model != last.model);
        }
    }
}
