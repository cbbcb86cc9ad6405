/// The ranges that one thread has open. Domains nest on their own, so a range may end under another's.
#pragma once

#include <cstddef>
#include <vector>

#include "profiler/attach/kernel_record.h"

namespace isobath::attach {

class RangeStack {
  public:
    /// `id` is 0 for a range that names no shape: it is only counted. Returns the level in its domain from 0.
    int push(const void* domain, RangeId id);
    /// Ends the domain's innermost range. Returns its level, or -1 if the domain has none open.
    int pop(const void* domain);

    /// The innermost range that names a shape; 0: none.
    RangeId current() const { return current_; }
    std::size_t depth() const { return open_.size(); }

  private:
    struct Open {
        const void* domain;
        RangeId id;
    };
    int level_of(const void* domain) const;

    std::vector<Open> open_;
    RangeId current_ = 0;
};

}  // namespace isobath::attach
