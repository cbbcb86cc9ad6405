/// Sums up kernels as they end, by launch and range, in bounded memory.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hw/recorded_kernels.h"
#include "profiler/attach/kernel_record.h"
#include "profiler/attach/range_table.h"

namespace isobath::attach {

struct RecorderLimits {
    std::size_t launches = 16384;  ///< different ones; further ones are counted under kOthers
    std::size_t ranges   = 65536;  ///< whose kernels may still be running
    bool ranges_only     = false;  ///< kernels outside of ranges are only counted, under kOthers
};

/// The name under which kernels are counted that have no entry of their own.
inline constexpr const char* kOthers = "(others)";

/// Any thread may add; it is one thread of CUPTI that does.
class Recorder {
  public:
    /// `ranges` tells what numbers of ranges mean and must outlive this.
    Recorder(const RangeTable& ranges, RecorderLimits limits = {}) : ranges_(ranges), limits_(limits) {}

    /// A kernel that has ended, and the range in which it was launched (0: none). A record whose times are
    /// missing (0) or reversed counts as dropped.
    void add(const KernelRecord& record, RangeId range);
    void add_dropped(std::uint64_t records);

    /// Everything so far, ranges that may still have running kernels included.
    RecordedKernels snapshot() const;

    /// What the tables may take at most.
    std::size_t bytes() const;

  private:
    /// A launch with its name and range as numbers.
    struct Key {
        std::uint32_t name = 0, point = 0;  ///< point: 0 is no range, else one more than its number
        std::array<int, 3> grid{}, block{};
        int stream                        = 0;
        bool graph                        = false;
        bool operator==(const Key&) const = default;
    };
    struct Hash {
        std::size_t operator()(const Key& key) const;
    };
    /// A range's own sum while its kernels come in.
    struct Instance {
        Seconds total;
        bool first = false;  ///< of its shape: it tells what ran
    };
    struct PerPoint {
        RecordedTimes times;
        std::vector<std::string> kernels;
        bool begun = false;
    };

    Key key_of(const KernelRecord& record, RangeId range);
    std::uint32_t number_of(std::string_view name);
    RecordedTimes& times_of(const Key& key);
    void add_to_range(RangeId range, std::string_view name, Seconds time);
    LaunchKey launch_of(const Key& key) const;

    const RangeTable& ranges_;
    const RecorderLimits limits_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::uint32_t> numbers_;  ///< of mangled names
    std::vector<std::string> names_;                          ///< demangled
    std::unordered_map<Key, RecordedTimes, Hash> launches_;
    RecordedTimes others_;
    std::unordered_map<RangeId, Instance> open_;
    std::deque<RangeId> order_;  ///< of `open_`, oldest first
    std::vector<PerPoint> points_;
    std::uint64_t records_ = 0, dropped_ = 0, seen_ranges_ = 0;
};

}  // namespace isobath::attach
