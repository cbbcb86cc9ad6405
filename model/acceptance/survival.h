/// How often drafts are accepted: S_i, the chance that the first i drafts of a step are all accepted.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace isobath {

/// A survival curve with its interval. `survival[i - 1]` is S_i; the three lists are of one length.
struct Acceptance {
    std::vector<double> survival, low, high;
    std::string source;    ///< in words
    int measured = 0;      ///< depths that were measured; deeper ones are extrapolated
    bool derived = false;  ///< only the mean length was measured; the shape is another curve's

    int depth() const { return static_cast<int>(survival.size()); }
};

/// 1 + S_1 + S_2 + ...: exact whatever the dependence between drafts, because a step yields one token of the
/// target's own and draft i counts exactly when the first i are all accepted.
double tokens_per_step(std::span<const double> survival);
/// The same for each depth: 1 + S_1, 1 + S_1 + S_2, ...
std::vector<double> lengths_of(std::span<const double> survival);

/// S_i = first^i: every draft independent of the others and alike. What most tools assume.
std::vector<double> geometric(double first, int depth);

/// The non-increasing list within [0, 1] that is nearest in squares (pool adjacent violators; Ayer and
/// others, 1955).
std::vector<double> monotone(std::span<const double> chances);

/// A curve behind measured tokens per step at depths 1, 2, ....
struct FromLengths {
    std::vector<double> survival;
    double change      = 0;  ///< largest relative change of a measured length that the curve makes
    double lowest_step = 0;  ///< smallest growth of the measured lengths; below 0 no curve can follow
};

/// The survival curve, falling from at most 1 and never negative, whose lengths are nearest to the measured
/// ones in relative squares: isotonic regression of the increments, under the noise of the lengths (each
/// depth is a run of its own, so its error is on the length, not on the growth).
FromLengths survival_from_lengths(std::span<const double> lengths);

/// What a narrower format costs in acceptance: each position's conditional chance times `factor`, so that S_i
/// falls by factor^i.
struct AcceptanceLoss {
    double factor = 1, low = 1, high = 1;
    std::string source = "no change assumed: no controlled measurement exists";
};

Acceptance with_loss(const Acceptance& curve, const AcceptanceLoss& loss);

/// The curve at another depth: cut, or extrapolated from what was measured.
///
/// Beyond the measured depths the conditional chance is the smaller of the last one measured and the Beta
/// mixture's fitted to the curve. The interval widens with every position: from half of that chance up to the
/// largest conditional chance that the curve shows.
Acceptance at_depth(const Acceptance& curve, int depth);

}  // namespace isobath
