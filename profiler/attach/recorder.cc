#include "profiler/attach/recorder.h"

#include <algorithm>

#include "profiler/attach/demangle.h"

namespace isobath::attach {
namespace {

constexpr std::size_t kMostNames = 8;  ///< kernels of one range that are told
/// A launch with its name, its map's node and a histogram of a few dozen buckets.
constexpr std::size_t kBytesPerLaunch = 1536;

constexpr std::size_t mix(std::size_t hash, std::size_t value) {
    return (hash ^ value) * 1099511628211ULL;
}

}  // namespace

std::size_t Recorder::Hash::operator()(const Key& key) const {
    std::size_t hash = mix(mix(14695981039346656037ULL, key.name), key.point);
    for (const int size : key.grid) hash = mix(hash, static_cast<std::size_t>(size));
    for (const int size : key.block) hash = mix(hash, static_cast<std::size_t>(size));
    return mix(hash, static_cast<std::size_t>(key.stream) * 2 + key.graph);
}

std::uint32_t Recorder::number_of(std::string_view name) {
    const auto [at, added] = numbers_.emplace(name, static_cast<std::uint32_t>(names_.size()));
    if (added) names_.push_back(demangled(at->first.c_str()));
    return at->second;
}

Recorder::Key Recorder::key_of(const KernelRecord& record, RangeId range) {
    return {number_of(record.name),
            range == 0 ? 0 : point_of(range) + 1,
            record.grid,
            record.block,
            record.stream,
            record.graph};
}

RecordedTimes& Recorder::times_of(const Key& key) {
    if (limits_.ranges_only && key.point == 0) return others_;
    const auto at = launches_.find(key);
    if (at != launches_.end()) return at->second;
    return launches_.size() < limits_.launches ? launches_[key] : others_;
}

void Recorder::add(const KernelRecord& record, RangeId range) {
    const std::lock_guard lock(mutex_);
    if (record.start == 0 || record.end < record.start) {
        ++dropped_;
        return;
    }
    ++records_;
    const Seconds time = double(record.end - record.start) * unit::ns;
    const bool told    = numbers_.size() < limits_.launches || numbers_.count(record.name) > 0;
    (told ? times_of(key_of(record, range)) : others_).add(time);
    if (range != 0) add_to_range(range, told ? names_[numbers_.at(record.name)] : kOthers, time);
}

void Recorder::add_to_range(RangeId range, std::string_view name, Seconds time) {
    const std::uint32_t point = point_of(range);
    if (points_.size() <= point) points_.resize(point + 1);
    const auto [at, added] = open_.emplace(range, Instance{});
    if (added) {
        order_.push_back(range);
        ++seen_ranges_;
        at->second.first     = !points_[point].begun;
        points_[point].begun = true;
    }
    at->second.total += time;
    if (at->second.first && points_[point].kernels.size() < kMostNames)
        points_[point].kernels.emplace_back(name);
    if (order_.size() <= limits_.ranges) return;
    const auto oldest = open_.find(order_.front());
    points_[point_of(oldest->first)].times.add(oldest->second.total);
    open_.erase(oldest);
    order_.pop_front();
}

void Recorder::add_dropped(std::uint64_t records) {
    const std::lock_guard lock(mutex_);
    dropped_ += records;
}

LaunchKey Recorder::launch_of(const Key& key) const {
    LaunchKey out{names_[key.name], key.grid, key.block, key.stream, key.graph, std::nullopt};
    if (key.point > 0) out.range = ranges_.point(key.point - 1);
    return out;
}

RecordedKernels Recorder::snapshot() const {
    const std::lock_guard lock(mutex_);
    RecordedKernels out;
    for (const auto& [key, times] : launches_) out.kernels.push_back({launch_of(key), times});
    if (others_.count() > 0) out.kernels.push_back({{kOthers}, others_});
    std::vector<PerPoint> points = points_;
    for (const auto& [id, instance] : open_) points[point_of(id)].times.add(instance.total);
    for (std::uint32_t i = 0; i < points.size(); ++i)
        if (points[i].times.count() > 0)
            out.ranges.push_back({ranges_.point(i), points[i].times, points[i].kernels});
    out.cost.records           = records_;
    out.cost.dropped           = dropped_;
    out.cost.ranges            = ranges_.begun();
    out.cost.unreadable_ranges = ranges_.unreadable();
    out.cost.empty_ranges      = out.cost.ranges - std::min(out.cost.ranges, seen_ranges_);
    out.cost.memory_bound      = double(bytes()) * unit::B;
    sort_recorded(out);
    return out;
}

std::size_t Recorder::bytes() const {
    return limits_.launches * kBytesPerLaunch + limits_.ranges * 96 + RangeTable::bytes();
}

}  // namespace isobath::attach
