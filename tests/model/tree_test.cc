#include "model/acceptance/tree.h"

#include <algorithm>

#include "tests/catch.h"

using namespace isobath;

namespace {

/// Every outcome of the step: at each depth the right candidate has some rank, or none has it. Follows them
/// all.
double enumerated(const CandidateTree& tree, const RankChances& chances, int parent = -1, int depth = 1,
                  double chance = 1) {
    double tokens = 0, missed = chance;
    for (int i = 0; i < tree.size(); ++i) {
        const CandidateTree::Node& n = tree.nodes[static_cast<std::size_t>(i)];
        if (n.parent != parent) continue;
        const double here =
            chance * chances[static_cast<std::size_t>(depth - 1)][static_cast<std::size_t>(n.rank)];
        tokens += enumerated(tree, chances, i, depth + 1, here);
        missed -= here;
    }
    return tokens + missed * depth;  // depth - 1 drafts kept, and the step's own token
}

const RankChances kHeads{{0.6, 0.2, 0.1}, {0.4, 0.15, 0.1}, {0.3, 0.1}};

}  // namespace

TEST_CASE("tree: node survival sums to what enumeration of every outcome gives", "[model][acceptance]") {
    for (const int nodes : {1, 2, 5, 9, 20}) {
        const CandidateTree tree = best_tree(kHeads, nodes);
        CHECK(tokens_per_step(tree) == Approx(enumerated(tree, kHeads)).epsilon(1e-12));
    }
    const CandidateTree grown = grown_tree(kHeads, 2, 3, 7);
    CHECK(tokens_per_step(grown) == Approx(enumerated(grown, kHeads)).epsilon(1e-12));
}

TEST_CASE("tree: a tree of width one is a chain", "[model][acceptance]") {
    const CandidateTree tree = best_tree({{0.8}, {0.5}, {0.5}}, 10);
    CHECK(tree.size() == 3);
    CHECK(tree.depth() == 3);
    CHECK(tokens_per_step(tree) == Approx(1 + 0.8 + 0.4 + 0.2));
}

TEST_CASE("tree: no tree of three nodes beats the one that grows by survival", "[model][acceptance]") {
    // Survival by path: 0: 0.6, 00: 0.24, 1: 0.2, 2: 0.1, 01: 0.09, 10: 0.08. The best three: 0, 00, 1.
    const CandidateTree tree = best_tree(kHeads, 3);
    CHECK(tokens_per_step(tree) == Approx(1 + 0.6 + 0.24 + 0.2));
    double before = 1;
    for (int n = 1; n < 25; ++n) {
        const double now = tokens_per_step(best_tree(kHeads, n));
        CHECK(now >= before);
        before = now;
    }
}

TEST_CASE("tree: parents stand before children, and a grown tree of all nodes is as good as the best",
          "[model][acceptance]") {
    const CandidateTree grown = grown_tree(kHeads, 3, 3, 6);
    for (int i = 0; i < grown.size(); ++i) CHECK(grown.nodes[static_cast<std::size_t>(i)].parent < i);
    CHECK(tokens_per_step(grown) == Approx(tokens_per_step(best_tree(kHeads, 6))));
    // Width 1 keeps one branch alive; the best tree may branch.
    CHECK(tokens_per_step(grown_tree(kHeads, 1, 3, 6)) < tokens_per_step(best_tree(kHeads, 6)));
}

TEST_CASE("tree: siblings share what the first candidate leaves", "[model][acceptance]") {
    // 0.7; left 0.3 * 0.28 = 0.084; left 0.216 * 0.17 = 0.03672.
    const RankChances c = rank_chances(std::vector<double>{0.7, 0.42}, 3);
    REQUIRE(c.size() == 2);
    CHECK(c[0][1] == Approx(0.084));
    CHECK(c[0][2] == Approx(0.03672));
    CHECK(c[1][0] == Approx(0.6));
}
