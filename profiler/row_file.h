/// The file that a run appends its rows to.
#pragma once

#include <string>
#include <vector>

#include "hw/measurements.h"

namespace isobath {

/// A line reaches the file whole or not at all, so that a run killed at any moment is continued by the next
/// one.
class RowFile {
  public:
    /// Opens or creates the file, takes away a last line that was cut off, and says what this device measures
    /// from here on unless the last slice said the same. Throws SpecError if the file cannot be written or is
    /// none of ours.
    RowFile(std::string path, const MeasuredDevice& device);
    ~RowFile();
    RowFile(const RowFile&)            = delete;
    RowFile& operator=(const RowFile&) = delete;

    /// What was in the file before.
    const std::vector<Measurements>& before() const { return before_; }

    void append(const MeasuredRow& row) { write(to_line(row)); }
    void append(const SkippedRow& row) { write(to_line(row)); }

  private:
    std::string path_;
    int descriptor_ = -1;
    std::vector<Measurements> before_;

    void write(const std::string& line);
};

}  // namespace isobath
