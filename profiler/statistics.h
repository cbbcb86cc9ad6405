/// The samples of one point, and what they say together. No CUDA: tested on any machine.
#pragma once

#include <vector>

#include "hw/units.h"

namespace isobath {

class Statistics {
  public:
    void add(Seconds sample) { samples_.push_back(sample.base()); }
    int count() const { return static_cast<int>(samples_.size()); }

    Seconds median() const;  ///< 0 of none
    double spread() const;   ///< interquartile range over the median; 0 of fewer than two

    /// Standard error of the median over the median: by how much another run of as many samples would move
    /// it. 1 (nothing known) of fewer than two samples.
    double noise() const;

  private:
    std::vector<double> samples_;
};

}  // namespace isobath
