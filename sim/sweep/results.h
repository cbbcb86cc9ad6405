/// What the folders of a sweep hold, found by a point's identity.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "sim/sweep/parts.h"

namespace isobath::sweep {

class Space;

class Results {
  public:
    /// Reads every part once: 24 bytes of memory a record, and the files as the system keeps them.
    Results(const std::vector<std::filesystem::path>& folders, std::size_t columns);

    /// Fills `record`; false where no part holds the point. Of records of one point, which are equal, the
    /// first.
    bool find(std::uint64_t id, Record& record) const;
    bool has(std::uint64_t id) const { return entry_of(id) != nullptr; }

  private:
    struct Entry {
        std::uint64_t id, offset;
        std::uint32_t file;
    };

    const Entry* entry_of(std::uint64_t id) const;

    std::size_t columns_;
    std::vector<MappedFile> files_;
    std::vector<Entry> entries_;  ///< by id
};

/// How far a sweep is.
struct Tally {
    std::size_t points = 0, done = 0, excluded = 0, missing = 0;
    std::map<std::string, std::size_t> reasons;  ///< of the excluded ones: points of each
};

/// Counts the points of the sweep among the results.
Tally tally(const Space& space, const Results& results);

}  // namespace isobath::sweep
