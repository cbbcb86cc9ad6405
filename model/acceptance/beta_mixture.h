/// Contexts differ in how predictable they are: alpha ~ Beta(a, b) per context explains why a draft that
/// follows accepted ones is accepted more often.
#pragma once

#include <span>
#include <vector>

namespace isobath {

/// alpha ~ Beta(a, b) per context, drafts independent within one: S_i = prod over j < i of (a + j) / (a + b +
/// j).
struct BetaMixture {
    double a = 1, b = 1;

    double mean() const { return a / (a + b); }
    double size() const { return a + b; }  ///< the smaller, the more contexts differ; infinite: all are alike
    double survival(int depth) const;
    /// P(draft i accepted | those before it were) = (a + i - 1) / (a + b + i - 1): rises with i.
    double conditional(int position) const;
};

/// From S_1 and S_2: a + b = (1 - r) / (r - S_1) with r = S_2 / S_1. Where r <= S_1 contexts do not explain
/// the curve, and all are taken to be alike (a + b = 1e6).
BetaMixture beta_of_moments(double first, double second);

/// The mixture nearest to the curve in squares. A curve whose conditional chances fall gives contexts alike.
BetaMixture fit_beta(std::span<const double> survival);

/// Means of `count` equally likely slices of the mixture, from the least predictable context up.
std::vector<double> slices(const BetaMixture& mixture, int count);

}  // namespace isobath
