#include "profiler/attach/range_table.h"

namespace isobath::attach {

RangeId RangeTable::begin(std::string_view text, std::string_view domain, bool& first) {
    first = false;
    if (!text.starts_with('{')) return 0;
    const std::lock_guard lock(mutex_);
    const bool none           = points_.empty();
    const std::uint32_t point = look_up(text, domain);
    if (point == kNone) {
        ++unreadable_;
        return 0;
    }
    first = none;
    return range_id(++begun_, point);
}

std::uint32_t RangeTable::look_up(std::string_view text, std::string_view domain) {
    if (texts_.size() >= kMostTexts) texts_.clear();
    std::string key = std::string(domain) + '\n' + std::string(text);
    const auto at   = texts_.find(key);
    if (at != texts_.end()) return at->second;
    const auto range          = parse_range(text, domain);
    const std::uint32_t index = range ? add(*range) : kNone;
    texts_.emplace(std::move(key), index);
    return index;
}

std::uint32_t RangeTable::add(const RangePoint& point) {
    const auto at = index_.find(point);
    if (at != index_.end()) return at->second;
    if (points_.size() >= kMostPoints) return kNone;
    const auto index = static_cast<std::uint32_t>(points_.size());
    points_.push_back(point);
    index_.emplace(point, index);
    return index;
}

RangePoint RangeTable::point(std::uint32_t index) const {
    const std::lock_guard lock(mutex_);
    return points_.at(index);
}

std::size_t RangeTable::points() const {
    const std::lock_guard lock(mutex_);
    return points_.size();
}

std::uint64_t RangeTable::begun() const {
    const std::lock_guard lock(mutex_);
    return begun_;
}

std::uint64_t RangeTable::unreadable() const {
    const std::lock_guard lock(mutex_);
    return unreadable_;
}

}  // namespace isobath::attach
