/// Made up deployments: steps from a formula, requests from a list.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "sim/serve/simulate.h"

namespace isobath {

/// Steps that are linear in both numbers of either table; the grid holds them exactly but for rounding.
struct LinearSteps {
    double decode = 0, decode_request = 0,
           decode_token = 0;  ///< ns: each step, each request, each cache token
    double prefill = 0, prefill_token = 0, attended_token = 0;

    std::shared_ptr<const StepTable> table() const {
        const auto decode_of = [this](double n, double c) {
            return decode + decode_request * n + decode_token * c;
        };
        const auto prefill_of = [this](double n, double c) {
            return n <= 0 ? 0 : prefill + prefill_token * n + attended_token * c;
        };
        return std::make_shared<StepTable>(GridTable({1024, 1}, {65'536, 1}, decode_of),
                                           GridTable({65'536, 1}, {65'536, 1}, prefill_of));
    }
};

/// Requests that are known from the start.
class ListSource : public RequestSource {
  public:
    explicit ListSource(std::vector<Request> requests) : requests_(std::move(requests)) {}
    bool next(Request& out) override {
        if (next_ == requests_.size()) return false;
        out = requests_[next_++];
        return true;
    }

  private:
    std::vector<Request> requests_;
    std::size_t next_ = 0;
};

}  // namespace isobath
