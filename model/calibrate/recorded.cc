#include "model/calibrate/recorded.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include <fmt/format.h>

#include "hw/text.h"

namespace isobath {
namespace {

constexpr std::size_t kUnknownShown = 12;

double share_of(Seconds part, Seconds whole) {
    return whole > Seconds{} ? part / whole : 0;
}

std::vector<UnknownKernel> unknown_of(const std::map<std::string, RecordedTimes>& times, Seconds total) {
    std::vector<UnknownKernel> out;
    for (const auto& [name, each] : times) out.push_back({name, each.count(), share_of(each.total, total)});
    std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.share > b.share; });
    return out;
}

}  // namespace

void RecordBuilder::add_range(const RangePoint& what, Seconds time, const std::vector<std::string>& kernels) {
    RecordedRange& range = ranges_.try_emplace(what, RecordedRange{what, {}, kernels}).first->second;
    range.times.add(time);
}

RecordedKernels RecordBuilder::finish(const std::string& program) {
    RecordedKernels out;
    out.program         = program;
    out.device.name     = "unknown";
    out.device.sm_count = 1;
    out.cost.records    = records_;
    out.cost.dropped    = left_out_;
    for (auto& [launch, times] : times_) out.kernels.push_back({launch, std::move(times)});
    for (auto& [what, range] : ranges_) out.ranges.push_back(std::move(range));
    out.cost.ranges = out.ranges.size();
    sort_recorded(out);
    return out;
}

RecordedTable table_of(const RecordedKernels& recorded, const Classifier& classifier) {
    RecordedTable out;
    std::map<std::pair<std::string, std::string>, RecordedTimes> classes;
    std::map<std::string, RecordedTimes> unknown;
    for (const RecordedKernel& kernel : recorded.kernels) {
        const KernelClass found = classifier.classify(kernel.launch.name);
        classes[{found.library, found.kind}].add(kernel.times);
        if (found.kind == kUnknownClass) unknown[kernel.launch.name].add(kernel.times);
        out.total += kernel.times.total;
    }
    for (const auto& [key, times] : classes)
        out.classes.push_back({key.first, key.second, times, share_of(times.total, out.total)});
    std::stable_sort(out.classes.begin(), out.classes.end(), [](const auto& a, const auto& b) {
        const bool last_a = a.kind == kUnknownClass, last_b = b.kind == kUnknownClass;
        return last_a != last_b ? last_b : a.times.total > b.times.total;
    });
    out.unknown = unknown_of(unknown, out.total);
    for (const UnknownKernel& kernel : out.unknown) out.unknown_share += kernel.share;
    return out;
}

std::string to_text(const RecordedTable& table, const RecordedKernels& recorded) {
    std::string out =
        fmt::format("{}: {} kernels, {} on {}\n\n{:<18} {:<20} {:>7} {:>9} {:>12} {:>12}\n",
                    clipped(recorded.program, 60), recorded.cost.records, to_string(table.total),
                    recorded.device.name, "library", "class", "share", "count", "median", "total");
    for (const ClassShare& each : table.classes)
        out += fmt::format("{:<18} {:<20} {:>6.1f}% {:>9} {:>12} {:>12}\n", each.library, each.kind,
                           100 * each.share, each.times.count(), to_string(each.times.histogram.median()),
                           to_string(each.times.total));
    if (recorded.cost.dropped > 0)
        out += fmt::format("\n{} records were lost or left out\n", recorded.cost.dropped);
    if (!table.unknown.empty())
        out += fmt::format("\nunknown, {:.1f}% of the time:\n", 100 * table.unknown_share);
    for (std::size_t i = 0; i < std::min(kUnknownShown, table.unknown.size()); ++i)
        out += fmt::format("  {:>5.1f}%  {} x {}\n", 100 * table.unknown[i].share, table.unknown[i].count,
                           clipped(table.unknown[i].name, 80));
    if (table.unknown.size() > kUnknownShown)
        out += fmt::format("  and {} more\n", table.unknown.size() - kUnknownShown);
    if (!recorded.ranges.empty())
        out += fmt::format("\n{} shapes were measured; -o rows.jsonl writes them for isobath calibrate fit\n",
                           recorded.ranges.size());
    return out;
}

nlohmann::ordered_json to_json(const RecordedTable& table, const RecordedKernels& recorded) {
    auto classes = nlohmann::ordered_json::array(), unknown = nlohmann::ordered_json::array();
    for (const ClassShare& each : table.classes)
        classes.push_back({{"library", each.library},
                           {"class", each.kind},
                           {"share", each.share},
                           {"count", each.times.count()},
                           {"median_s", each.times.histogram.median().base()},
                           {"total_s", each.times.total.base()}});
    for (const UnknownKernel& each : table.unknown)
        unknown.push_back({{"name", each.name}, {"count", each.count}, {"share", each.share}});
    return {{"program", recorded.program},
            {"device", recorded.device.name},
            {"kernels", recorded.cost.records},
            {"left_out", recorded.cost.dropped},
            {"total_s", table.total.base()},
            {"shapes", recorded.ranges.size()},
            {"classes", classes},
            {"unknown", unknown},
            {"unknown_share", table.unknown_share}};
}

std::string rows_of(const RecordedKernels& recorded) {
    const Measurements measured = measured_ranges(recorded);
    std::string out             = to_line(measured.device);
    for (const MeasuredRow& row : measured.rows) out += to_line(row);
    return out;
}

}  // namespace isobath
