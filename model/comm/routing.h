/// Where a token's experts lie: how many ranks and nodes it must reach, and how full the fullest rank gets.
///
/// Uniform popularity: every expert is as likely as any other. The gates draw experts at random; their
/// statistics are exact sums here, and the tests hold them against a Monte Carlo of the gates themselves.
#pragma once

#include <span>
#include <vector>

namespace isobath {

/// How a group-limited gate picks the groups a token may use.
///
/// `by_score` ranks groups by their best expert, as DeepEP's benchmark does, so a chosen group nearly always
/// holds one of the token's experts: 3.98 nodes of 4 for top-8 of 256 experts in 4 of 8 groups. DeepSeek-V3
/// ranks them by the sum of the best two, which depends on the distribution of scores and reaches 3.95-3.97
/// nodes (normal, Gumbel, uniform or sigmoid scores): `by_score` stands for both, within 1 %.
/// `random` picks groups blindly: 3.61 nodes. So many are also reached over 4 groups without any limit.
enum class GroupChoice { by_score, random };

struct Gate {
    int experts = 0, top_k = 0;
    int groups = 1, topk_groups = 1;  ///< groups are contiguous and equal; 1 of 1 is a plain top-k
    GroupChoice choice = GroupChoice::by_score;
};

/// How a token's experts spread over the gate's groups.
struct GateSpread {
    std::vector<double> groups_hit;      ///< [d]: probability that its experts lie in exactly d groups
    std::vector<double> groups_holding;  ///< [n]: expected number of groups that hold exactly n of them
    std::vector<double> states;          ///< working storage
};

GateSpread spread_of(const Gate& gate);
/// The same into `spread`; allocates nothing once its vectors have grown.
void find_spread(const Gate& gate, GateSpread& spread);

/// Expected number of distinct units that hold one of a token's experts; a unit (a rank, a node) is one of
/// `units` equal blocks of experts in a row. Where blocks and groups do not nest, experts lie anywhere, as
/// EPLB's global placement puts them.
double distinct_units(const Gate& gate, const GateSpread& spread, int units);

/// Variance of the number of a token's experts in one unit (the mean is top_k / units).
double variance_per_unit(const Gate& gate, const GateSpread& spread, int units);

/// E[max of n independent standard normals].
double expected_max_of_normals(int n);

/// E[max] of independent normals: lo + integral of 1 - prod Phi((x - mean) / deviation), within 1e-3 of the
/// largest deviation: a table of the normal distribution in steps of 1/64 and 64 places. Allocates nothing.
double expected_max(std::span<const double> mean, std::span<const double> deviation);

}  // namespace isobath
