#include "hw/recorded_kernels.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

using nlohmann::ordered_json;

template <class T>
void take_least(T& into, const T& from, bool first) {
    into = first ? from : std::min(into, from);
}

// ---- writing

ordered_json to_json(const RangePoint& range) {
    ordered_json out      = to_json(range.point);
    out["implementation"] = range.implementation;
    return out;
}

void write_times(ordered_json& out, const RecordedTimes& times) {
    out["count"]         = times.count();
    out["total_us"]      = times.total.in(unit::us);
    out["median_us"]     = times.histogram.median().in(unit::us);
    out["min_us"]        = times.least.in(unit::us);
    out["max_us"]        = times.most.in(unit::us);
    ordered_json buckets = ordered_json::array();
    for (const auto& bucket : times.histogram.buckets()) buckets.push_back({bucket.index, bucket.count});
    out["histogram"] = buckets;
}

ordered_json to_json(const RecordedKernel& kernel) {
    const LaunchKey& launch = kernel.launch;
    ordered_json out{
        {"name", launch.name}, {"grid", launch.grid}, {"block", launch.block}, {"stream", launch.stream}};
    if (launch.graph) out["graph"] = true;
    if (launch.range) out["range"] = to_json(*launch.range);
    write_times(out, kernel.times);
    return out;
}

ordered_json to_json(const RecordedRange& range) {
    ordered_json out = to_json(range.what);
    write_times(out, range.times);
    out["kernels"] = range.kernels;
    return out;
}

ordered_json to_json(const RecordingCost& cost) {
    return {{"records", cost.records},
            {"dropped", cost.dropped},
            {"ranges", cost.ranges},
            {"unreadable_ranges", cost.unreadable_ranges},
            {"empty_ranges", cost.empty_ranges},
            {"memory_bound_bytes", cost.memory_bound.in(unit::B)},
            {"host_us", cost.host.in(unit::us)},
            {"worker_us", cost.worker.in(unit::us)}};
}

template <class List>
std::string lines(const List& list) {
    std::string out;
    for (const auto& each : list)
        out += (out.empty() ? "\n  " : ",\n  ") +
               to_json(each).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    return "[" + out + "\n ]";
}

// ---- reading

constexpr double kMost = 9e15;  ///< whole numbers that a double holds

std::uint64_t whole(const nlohmann::json& value, double most, SpecReader& in, const std::string& key) {
    if (!value.is_number_integer() || value.get<double>() < 0 || value.get<double>() > most)
        in.fail(key, "expected whole numbers");
    return value.get<std::uint64_t>();
}

LogHistogram read_histogram(SpecReader& in) {
    LogHistogram out;
    for (const nlohmann::json& pair : in.raw("histogram")) {
        if (!pair.is_array() || pair.size() != 2) in.fail("histogram", "expected pairs of bucket and count");
        const auto index = whole(pair[0], LogHistogram::kBuckets - 1, in, "histogram");
        out.add_to(static_cast<int>(index), whole(pair[1], kMost, in, "histogram"));
    }
    return out;
}

RecordedTimes read_times(SpecReader& in) {
    RecordedTimes out;
    out.histogram = read_histogram(in);
    out.total     = in.number("total_us") * unit::us;
    out.least     = in.number("min_us") * unit::us;
    out.most      = in.number("max_us") * unit::us;
    in.ignore("median_us");
    if (in.number("count", 1) != double(out.count())) in.fail("count", "is not the sum of the histogram");
    return out;
}

std::array<int, 3> read_sizes(SpecReader& in, const std::string& key) {
    const nlohmann::json& values = in.raw(key);
    if (!values.is_array() || values.size() != 3) in.fail(key, "expected three numbers");
    std::array<int, 3> out{};
    for (std::size_t i = 0; i < 3; ++i) out[i] = static_cast<int>(whole(values[i], 2147483647, in, key));
    return out;
}

RangePoint read_range_point(SpecReader& in) {
    RangePoint out{read_kernel_point(in), {}};
    out.implementation = in.text("implementation");
    return out;
}

RecordedKernel read_kernel(SpecReader& in) {
    RecordedKernel out;
    out.launch.name   = in.text("name");
    out.launch.grid   = read_sizes(in, "grid");
    out.launch.block  = read_sizes(in, "block");
    out.launch.stream = in.integer_or("stream", 0, -1, 2147483647);
    out.launch.graph  = in.flag_or("graph", false);
    if (in.has("range")) {
        SpecReader range = in.object("range");
        out.launch.range = read_range_point(range);
        range.finish();
    }
    out.times = read_times(in);
    in.finish();
    return out;
}

RecordedRange read_range(SpecReader& in) {
    RecordedRange out{read_range_point(in), read_times(in), {}};
    for (const nlohmann::json& name : in.raw("kernels")) {
        if (!name.is_string()) in.fail("kernels", "expected names");
        out.kernels.push_back(name.get<std::string>());
    }
    in.finish();
    return out;
}

RecordingCost read_cost(SpecReader in) {
    const auto count = [&](const char* key) {
        return static_cast<std::uint64_t>(in.number_or(key, 0, 0, kMost));
    };
    RecordingCost out;
    out.records           = count("records");
    out.dropped           = count("dropped");
    out.ranges            = count("ranges");
    out.unreadable_ranges = count("unreadable_ranges");
    out.empty_ranges      = count("empty_ranges");
    out.memory_bound      = in.number_or("memory_bound_bytes", 0) * unit::B;
    out.host              = in.number_or("host_us", 0) * unit::us;
    out.worker            = in.number_or("worker_us", 0) * unit::us;
    in.finish();
    return out;
}

/// The device as a line of measurements has it.
MeasuredDevice read_device(const nlohmann::json& json, const std::string& file) {
    const std::string line = nlohmann::json{{"device", json}}.dump() + "\n";
    return read_measurements(line, file).at(0).device;
}

template <class T, class KeyOf>
void merge_list(std::vector<T>& into, const std::vector<T>& from, KeyOf key_of) {
    std::map<std::decay_t<decltype(key_of(from.front()))>, std::size_t> at;
    for (std::size_t i = 0; i < into.size(); ++i) at.emplace(key_of(into[i]), i);
    for (const T& each : from) {
        const auto [found, added] = at.emplace(key_of(each), into.size());
        if (added)
            into.push_back(each);
        else
            into[found->second].times.add(each.times);
    }
}

}  // namespace

std::optional<RangePoint> parse_range(std::string_view text, std::string_view domain) {
    if (!text.starts_with('{')) return std::nullopt;
    try {
        const nlohmann::json json = parse_json(text, "range");
        SpecReader in(json, "range");
        RangePoint out{read_kernel_point(in), in.text("implementation", std::string(domain))};
        in.finish();
        if (out.implementation.empty()) out.implementation = "recorded";
        return out;
    } catch (const SpecError&) {
        return std::nullopt;
    }
}

void RecordedTimes::add(Seconds time) {
    take_least(least, time, count() == 0);
    most = std::max(most, time);
    total += time;
    histogram.add(time);
}

void RecordedTimes::add(const RecordedTimes& other) {
    if (other.count() == 0) return;
    take_least(least, other.least, count() == 0);
    most = std::max(most, other.most);
    total += other.total;
    histogram.add(other.histogram);
}

Seconds RecordedKernels::total() const {
    Seconds sum;
    for (const RecordedKernel& kernel : kernels) sum += kernel.times.total;
    return sum;
}

void sort_recorded(RecordedKernels& recorded) {
    std::sort(recorded.kernels.begin(), recorded.kernels.end(), [](const auto& a, const auto& b) {
        return a.times.total != b.times.total ? a.times.total > b.times.total : a.launch < b.launch;
    });
    std::sort(recorded.ranges.begin(), recorded.ranges.end(),
              [](const auto& a, const auto& b) { return a.what < b.what; });
}

void merge(RecordedKernels& into, const RecordedKernels& from) {
    merge_list(into.kernels, from.kernels, [](const RecordedKernel& k) { return k.launch; });
    merge_list(into.ranges, from.ranges, [](const RecordedRange& r) { return r.what; });
    into.processes += from.processes;
    RecordingCost& cost = into.cost;
    cost.records += from.cost.records;
    cost.dropped += from.cost.dropped;
    cost.ranges += from.cost.ranges;
    cost.unreadable_ranges += from.cost.unreadable_ranges;
    cost.empty_ranges += from.cost.empty_ranges;
    cost.memory_bound += from.cost.memory_bound;
    cost.host += from.cost.host;
    cost.worker += from.cost.worker;
    if (into.device.name.empty()) into.device = from.device;
    if (into.steps == 0) into.steps = from.steps;
    sort_recorded(into);
}

std::string to_text(const RecordedKernels& recorded) {
    std::uint64_t count = 0;
    for (const RecordedKernel& kernel : recorded.kernels) count += kernel.times.count();
    ordered_json out{{"schema", 1},
                     {"program", recorded.program},
                     {"device", ordered_json::parse(to_line(recorded.device)).at("device")},
                     {"processes", recorded.processes},
                     {"steps", recorded.steps},
                     {"totals", {{"count", count}, {"time_us", recorded.total().in(unit::us)}}},
                     {"attach", to_json(recorded.cost)}};
    std::string text = out.dump(1, ' ', false, ordered_json::error_handler_t::replace);
    text.resize(text.rfind('\n'));
    return text + ",\n \"kernels\": " + lines(recorded.kernels) +
           ",\n \"ranges\": " + lines(recorded.ranges) + "\n}\n";
}

RecordedKernels read_recorded_kernels(const nlohmann::json& json, const std::string& file) {
    SpecReader in(json, file);
    in.integer("schema", 1, 1);
    RecordedKernels out;
    out.program   = in.text("program");
    out.device    = read_device(in.raw("device"), file);
    out.processes = in.integer_or("processes", 1, 1);
    out.steps     = in.number_or("steps", 0);
    in.ignore("totals");
    if (in.has("attach")) out.cost = read_cost(in.object("attach"));
    in.each("kernels", [&](SpecReader& each) { out.kernels.push_back(read_kernel(each)); });
    if (in.has("ranges"))
        in.each("ranges", [&](SpecReader& each) { out.ranges.push_back(read_range(each)); });
    in.finish();
    return out;
}

RecordedKernels read_recorded_kernels(const std::filesystem::path& file) {
    return read_recorded_kernels(read_json(file), file.string());
}

Measurements measured_ranges(const RecordedKernels& recorded) {
    Measurements out{recorded.device, {}, {}};
    for (const RecordedRange& range : recorded.ranges) {
        MeasuredRow row;
        row.point          = range.what.point;
        row.implementation = range.what.implementation;
        row.time           = range.times.histogram.median();
        row.spread         = range.times.histogram.spread();
        row.samples        = static_cast<int>(std::min<std::uint64_t>(range.times.count(), 1'000'000'000));
        row.stopped        = Stopped::samples;
        row.clock          = "cupti";
        row.kernels        = range.kernels;
        out.rows.push_back(row);
    }
    return out;
}

}  // namespace isobath
