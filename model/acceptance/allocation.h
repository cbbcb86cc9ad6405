/// Which drafts are worth verifying: thresholds on confidence, fixed or set by what verification costs.
///
/// Confidence model: contexts differ, context r keeps draft i with survival S(r, i), and its confidences are
/// calibrated (the product of the first i equals S(r, i)). Their mean over contexts is the measured curve.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace isobath {

/// Equally likely contexts; survival of context r at depth i stands at r * depth + i - 1.
struct ContextCurves {
    int contexts = 0, depth = 0;
    std::vector<double> survival;
    std::vector<double> sorted;  ///< all of them, falling: what adaptive allocation takes first
    double dispersion = 0;       ///< a + b of the Beta mixture used

    double at(int context, int i) const {
        return survival[static_cast<std::size_t>(context) * static_cast<std::size_t>(depth) +
                        static_cast<std::size_t>(i - 1)];
    }
};

/// a + b by the moments of the one long public curve whose chances rise (0.762, 0.616: 4.1; MTP with 8
/// drafts on GSM8K, vLLM pull request 48892); least squares over all its positions give 7.2.
inline constexpr double kContextSize = 4.0;

/// Contexts whose mean is `survival`: alpha_r from a Beta of mean S_1, S(r, i) = S_i alpha_r^i / E[alpha^i].
/// The factor S_i / E[alpha^i] is what position alone takes; where it would rise with i, contexts are spread
/// further (a + b halved) until it does not.
ContextCurves spread_contexts(std::span<const double> survival, double size = kContextSize,
                              int contexts = 64);

/// What a policy does in the mean: drafts verified and accepted per request, and draft passes of a step.
struct DraftLoad {
    double verified = 0, accepted = 0, passes = 0;
};

/// Every request verifies all `depth` drafts.
DraftLoad always(const ContextCurves& curves);

/// Drafting stops for a request when the product of its confidences falls below tau; the draft that falls
/// below is not verified. A step's passes go on until all of its `requests` have stopped.
DraftLoad static_threshold(const ContextCurves& curves, double tau, double requests);

/// All drafts are made; those are verified whose survival pays for what they add to the step: the share of
/// drafts, from the surest down, that maximises (1 + accepted) / time(verified).
/// `time(k)` is the step with k drafts verified per request in the mean; it is asked at whole numbers and
/// taken as straight between them.
DraftLoad adaptive(const ContextCurves& curves, const std::function<double(int)>& time);

}  // namespace isobath
