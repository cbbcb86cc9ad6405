#include "sim/sweep/results.h"

#include <algorithm>
#include <tuple>

#include "sim/sweep/space.h"

namespace isobath::sweep {

Results::Results(const std::vector<std::filesystem::path>& folders, std::size_t columns) : columns_(columns) {
    for (const auto& part : part_files(folders)) {
        files_.emplace_back(part);
        const std::string_view bytes = files_.back().bytes();
        const auto file              = static_cast<std::uint32_t>(files_.size() - 1);
        each_record(bytes, columns, [&](const Record& r, std::string_view line) {
            entries_.push_back({r.id, static_cast<std::uint64_t>(line.data() - bytes.data()), file});
        });
    }
    const auto all = [](const Entry& e) { return std::tie(e.id, e.file, e.offset); };
    std::sort(entries_.begin(), entries_.end(),
              [&](const Entry& a, const Entry& b) { return all(a) < all(b); });
    const auto same = [](const Entry& a, const Entry& b) { return a.id == b.id; };
    entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
}

const Results::Entry* Results::entry_of(std::uint64_t id) const {
    const auto at = std::lower_bound(entries_.begin(), entries_.end(), id,
                                     [](const Entry& e, std::uint64_t wanted) { return e.id < wanted; });
    return at == entries_.end() || at->id != id ? nullptr : &*at;
}

bool Results::find(std::uint64_t id, Record& record) const {
    const Entry* at = entry_of(id);
    if (at == nullptr) return false;
    const std::string_view rest = files_[at->file].bytes().substr(at->offset);
    return parse_record(rest.substr(0, rest.find('\n')), columns_, record);
}

Tally tally(const Space& space, const Results& results) {
    Tally t;
    t.points = space.points();
    Record record;
    for (std::size_t point = 0; point < t.points; ++point) {
        if (!results.find(space.id_of(point), record))
            ++t.missing;
        else if (record.possible)
            ++t.done;
        else
            ++t.excluded, ++t.reasons[record.reason];
    }
    return t;
}

}  // namespace isobath::sweep
