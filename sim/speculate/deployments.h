/// The decode step of one scenario at any depth and precision.
#pragma once

#include <string>
#include <vector>

#include "hw/data.h"
#include "sim/overrides.h"
#include "sim/scenario.h"

namespace isobath {

class Deployments {
  public:
    /// Reads the scenario once to see whether it can speculate; where it does not, its model's MTP module
    /// will. Throws SpecError where the phase has no decode steps, or no method is named and no module
    /// shipped.
    Deployments(std::string path, const DataFiles& data, std::vector<Override> overrides);

    int own_depth() const { return own_depth_; }  ///< 0: the scenario does not speculate

    /// Depth 0: no speculation. An empty precision is the scenario's own. Of a server, its decode unit in the
    /// steady state of that choice.
    Scenario at(int depth, const std::string& precision) const;

  private:
    std::string path_;
    const DataFiles& data_;
    std::vector<Override> overrides_;
    int own_depth_ = 0;
};

}  // namespace isobath
