/// Predicts published figures.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "sim/validate/point.h"

namespace isobath {

/// A prediction in the point's own unit; low == high where it has no interval (counts, parts of a layer).
struct Predicted {
    double value = 0, low = 0, high = 0;
};

/// Holds what points share (calibrations, results of scenarios), so that each is worked out once.
class Predictor {
  public:
    explicit Predictor(const DataFiles& data);
    ~Predictor();

    /// Nothing if the point waits for a command that predicts it. Throws SpecError on a malformed point.
    std::optional<Predicted> predict(const ValidationPoint& point);

  private:
    struct Shared;
    std::unique_ptr<Shared> shared_;
};

}  // namespace isobath
