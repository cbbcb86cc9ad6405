#include "profiler/slice.h"

#include <set>

namespace isobath {

std::vector<RowToMeasure> rows_done(std::span<const Measurements> file, const MeasuredDevice& device) {
    std::vector<RowToMeasure> out;
    for (const Measurements& part : file) {
        if (part.device.name != device.name || part.device.driver != device.driver) continue;
        for (const MeasuredRow& row : part.rows)
            out.push_back({{row.point, row.held_sms}, row.implementation});
        for (const SkippedRow& row : part.skipped)
            out.push_back({{row.point, row.held_sms}, row.implementation});
    }
    return out;
}

std::vector<RowToMeasure> rows_left(std::span<const RowToMeasure> wanted,
                                    std::span<const RowToMeasure> done) {
    std::set<RowToMeasure> seen(done.begin(), done.end());
    std::vector<RowToMeasure> out;
    for (const RowToMeasure& row : wanted)
        if (seen.insert(row).second) out.push_back(row);
    return out;
}

}  // namespace isobath
