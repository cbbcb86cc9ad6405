#include "profiler/attach/range_stack.h"

#include <algorithm>

namespace isobath::attach {

int RangeStack::level_of(const void* domain) const {
    return static_cast<int>(
        std::count_if(open_.begin(), open_.end(), [&](const Open& open) { return open.domain == domain; }));
}

int RangeStack::push(const void* domain, RangeId id) {
    const int level = level_of(domain);
    open_.push_back({domain, id});
    if (id != 0) current_ = id;
    return level;
}

int RangeStack::pop(const void* domain) {
    const auto at =
        std::find_if(open_.rbegin(), open_.rend(), [&](const Open& open) { return open.domain == domain; });
    if (at == open_.rend()) return -1;
    open_.erase(std::next(at).base());
    current_ = 0;
    for (const Open& open : open_)
        if (open.id != 0) current_ = open.id;
    return level_of(domain);
}

}  // namespace isobath::attach
