#include "profiler/progress.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "profiler/work.h"

namespace isobath {
namespace {

std::string format(const char* pattern, double value) {
    char out[48];
    std::snprintf(out, sizeof out, pattern, value);
    return out;
}

std::string time_left(Seconds left) {
    return left < 90 * unit::s ? format("%.0f s left", left.in(unit::s))
                               : format("%.0f min left", left.in(60 * unit::s));
}

struct Best {
    int rows = 0;
    FlopsPerSecond math;
    BytesPerSecond memory;
};

Best best_of(Best best, const MeasuredRow& row) {
    const KernelWork work = work_of(row.point);
    return {best.rows + 1, std::max(best.math, work.flop / row.time),
            std::max(best.memory, work.traffic / row.time)};
}

std::string rates(const Best& best) {
    std::string out;
    if (best.math > FlopsPerSecond{}) out += ", up to " + to_string(best.math);
    if (best.memory > BytesPerSecond{}) out += ", up to " + to_string(best.memory);
    return out;
}

std::string count(int rows) {
    return std::to_string(rows) + (rows == 1 ? " row" : " rows");
}

using Group = std::pair<std::string, std::string>;

Group group_of(const KernelPoint& point, const std::string& implementation) {
    return {std::string(name_of(point.kind)) + " " + point.format, implementation};
}

std::string of_device(const Measurements& part) {
    std::map<Group, Best> measured;
    std::map<std::pair<Group, std::string>, int> skipped;
    for (const MeasuredRow& row : part.rows) {
        Best& best = measured[group_of(row.point, row.implementation)];
        best       = best_of(best, row);
    }
    for (const SkippedRow& row : part.skipped)
        ++skipped[{group_of(row.point, row.implementation), row.reason}];
    std::string out = part.device.name + ", driver " + part.device.driver + "\n";
    for (const auto& [group, best] : measured)
        out += "  " + group.first + ", " + group.second + ": " + count(best.rows) + rates(best) + "\n";
    for (const auto& [why, rows] : skipped)
        out += "  " + why.first.first + ", " + why.first.second + ": " + count(rows) +
               " skipped: " + why.second + "\n";
    return out;
}

}  // namespace

std::string progress_line(int done, int all, Seconds spent, const std::string& now) {
    std::string out = std::to_string(done) + "/" + std::to_string(all) + " rows";
    if (done > 0 && spent > Seconds{})
        out += format(", %.2g rows/s, ", done / spent.in(unit::s)) +
               time_left(spent * (double(all - done) / done));
    return out + ": " + now;
}

std::string row_line(const MeasuredRow& row) {
    const KernelWork work = work_of(row.point);
    std::string out       = to_string(row.point) + " | " + row.implementation + " | " + to_string(row.time) +
                      format(" +-%.1f %%", 50 * row.spread);
    if (work.flop > Flops{}) out += " | " + to_string(work.flop / row.time);
    if (work.traffic > Bytes{}) out += " | " + to_string(work.traffic / row.time);
    if (row.held_sms > 0) out += " | " + std::to_string(row.held_sms) + " SMs held";
    return out;
}

std::string summary_of(std::span<const Measurements> file) {
    // Slices of one run say their device again and again; a device is summed up once.
    std::vector<Measurements> devices;
    for (const Measurements& part : file) {
        auto same = std::find_if(devices.begin(), devices.end(), [&](const Measurements& each) {
            return each.device.name == part.device.name && each.device.driver == part.device.driver;
        });
        if (same == devices.end()) same = devices.insert(same, {part.device, {}, {}});
        same->rows.insert(same->rows.end(), part.rows.begin(), part.rows.end());
        same->skipped.insert(same->skipped.end(), part.skipped.begin(), part.skipped.end());
    }
    std::string out;
    for (const Measurements& device : devices) out += of_device(device);
    return out;
}

}  // namespace isobath
