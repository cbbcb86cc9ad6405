/// How unevenly experts are chosen, and what follows for a step: how many are hit, how full the busiest rank
/// is.
#pragma once

#include <string_view>
#include <vector>

namespace isobath {

/// Popularity of experts: all alike, or log-normal with this deviation of the logarithm.
struct Popularity {
    double sigma = 0;
    bool uniform() const { return sigma == 0; }
};

/// "uniform" or "lognormal:SIGMA"; false if the text is neither.
bool parse_popularity(std::string_view text, Popularity& out);

/// Statistics of drawing `top_k` of `experts` for each token, every token on its own.
///
/// The popularity of expert i is the (i + 1/2)/E quantile of the distribution, scaled so that top_k experts
/// are chosen on average and none more than once by a token. Group limits are not felt: they say where a
/// token's experts lie, not how often each is chosen.
class ExpertDraw {
  public:
    ExpertDraw() = default;
    ExpertDraw(const Popularity& popularity, int experts, int top_k);

    /// Expected share of the experts that at least one of `tokens` tokens chooses.
    double share_hit(double tokens) const;
    /// Variance of an expert's popularity over its squared mean.
    double variation() const { return variation_; }

  private:
    std::vector<double> share_;  ///< at tokens = 2^(i / kPerOctave), for interpolation
    double variation_ = 0;
};

}  // namespace isobath
