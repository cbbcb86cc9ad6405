/// What a recording holds, by class of kernel; and how importers put recordings together.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hw/recorded_kernels.h"
#include "model/calibrate/classify.h"

namespace isobath {

/// Collects kernels one by one, however many there are: memory grows with different launches alone.
class RecordBuilder {
  public:
    void add(const LaunchKey& launch, Seconds time) {
        times_[launch].add(time);
        ++records_;
    }
    /// One range's or operation's time: the sum of its kernels.
    void add_range(const RangePoint& what, Seconds time, const std::vector<std::string>& kernels);
    void add_left_out() { ++left_out_; }

    RecordedKernels finish(const std::string& program);

  private:
    std::map<LaunchKey, RecordedTimes> times_;
    std::map<RangePoint, RecordedRange> ranges_;
    std::uint64_t records_ = 0, left_out_ = 0;
};

struct ClassShare {
    std::string library, kind;
    RecordedTimes times;
    double share = 0;  ///< of the recording's kernel time
};

struct UnknownKernel {
    std::string name;
    std::uint64_t count = 0;
    double share        = 0;
};

struct RecordedTable {
    std::vector<ClassShare> classes;     ///< most time first, the unknown last
    std::vector<UnknownKernel> unknown;  ///< most time first
    Seconds total;
    double unknown_share = 0;
};

RecordedTable table_of(const RecordedKernels& recorded, const Classifier& classifier);

std::string to_text(const RecordedTable& table, const RecordedKernels& recorded);
nlohmann::ordered_json to_json(const RecordedTable& table, const RecordedKernels& recorded);

/// The measured rows of a recording as lines for `isobath calibrate fit`.
std::string rows_of(const RecordedKernels& recorded);

}  // namespace isobath
