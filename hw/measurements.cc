#include "hw/measurements.h"

#include <array>
#include <nlohmann/json.hpp>

#include "hw/text.h"

namespace isobath {
namespace {

using nlohmann::ordered_json;

constexpr std::array<std::string_view, 3> kStopped{"noise", "samples", "wall time"};
constexpr std::array<std::string_view, 2> kClocks{"events", "cupti"};

MeasuredDevice read_device(SpecReader in) {
    MeasuredDevice out;
    out.name              = in.text("name");
    out.gpu               = in.text("gpu", "");
    out.driver            = in.text("driver", "");
    out.cuda              = in.text("cuda", "");
    out.date              = in.text("date", "");
    out.sm_count          = in.integer("sm_count", 1);
    out.sm_clock_mhz      = in.integer_or("sm_clock_mhz", 0);
    out.memory_clock_mhz  = in.integer_or("memory_clock_mhz", 0);
    out.power_limit_watts = in.number_or("power_limit_watts", 0);
    out.memory            = in.number_or("memory_bytes", 0) * unit::B;
    out.l2                = in.number_or("l2_bytes", 0) * unit::B;
    if (in.has("libraries")) {
        SpecReader libraries = in.object("libraries");
        libraries.each_key([&](const std::string& key) { out.libraries[key] = libraries.text(key); });
    }
    in.finish();
    return out;
}

std::vector<std::string> read_names(SpecReader& in) {
    std::vector<std::string> out;
    if (!in.has("kernels")) return out;
    for (const nlohmann::json& name : in.raw("kernels")) {
        if (!name.is_string()) in.fail("kernels", "expected names");
        out.push_back(name.get<std::string>());
    }
    return out;
}

SkippedRow read_skipped(SpecReader& in) {
    SkippedRow out;
    out.point          = read_kernel_point(in);
    out.implementation = in.text("implementation");
    out.reason         = in.text("skipped");
    out.held_sms       = in.integer_or("held_sms", 0);
    in.finish();
    return out;
}

MeasuredRow read_row(SpecReader& in) {
    MeasuredRow out;
    out.point          = read_kernel_point(in);
    out.implementation = in.text("implementation");
    out.time           = in.number("time_us", 1e-6) * unit::us;
    out.spread         = in.number_or("spread", 0);
    out.samples        = in.integer_or("samples", 1, 1);
    out.discarded      = in.integer_or("discarded", 0);
    out.stopped   = in.has("stopped") ? static_cast<Stopped>(in.choice("stopped", kStopped)) : Stopped::noise;
    out.held_sms  = in.integer_or("held_sms", 0);
    out.clock_mhz = in.integer_or("clock_mhz", 0);
    out.dram      = in.number_or("dram_bytes", 0) * unit::B;
    out.clock     = in.has("clock") ? kClocks[in.choice("clock", kClocks)] : kClocks[0];
    out.kernels   = read_names(in);
    out.error     = in.number_or("error", -1, -1);
    in.finish();
    return out;
}

void read_line(const nlohmann::json& json, const std::string& shown, std::vector<Measurements>& out) {
    SpecReader in(json, shown);
    if (in.has("device")) {
        out.push_back({read_device(in.object("device")), {}, {}});
        return in.finish();
    }
    if (out.empty()) in.fail("", "expected {\"device\": ...} before the first row");
    if (in.has("skipped"))
        out.back().skipped.push_back(read_skipped(in));
    else
        out.back().rows.push_back(read_row(in));
}

}  // namespace

std::string_view name_of(Stopped stopped) {
    return kStopped[static_cast<std::size_t>(stopped)];
}

std::string to_line(const MeasuredDevice& device) {
    ordered_json libraries = ordered_json::object();
    for (const auto& [name, version] : device.libraries) libraries[name] = version;
    const ordered_json out{{"device",
                            {{"name", device.name},
                             {"gpu", device.gpu},
                             {"driver", device.driver},
                             {"cuda", device.cuda},
                             {"date", device.date},
                             {"sm_count", device.sm_count},
                             {"sm_clock_mhz", device.sm_clock_mhz},
                             {"memory_clock_mhz", device.memory_clock_mhz},
                             {"power_limit_watts", device.power_limit_watts},
                             {"memory_bytes", device.memory.in(unit::B)},
                             {"l2_bytes", device.l2.in(unit::B)},
                             {"libraries", libraries}}}};
    return out.dump() + "\n";
}

std::string to_line(const MeasuredRow& row) {
    ordered_json out      = to_json(row.point);
    out["implementation"] = row.implementation;
    out["time_us"]        = row.time.in(unit::us);
    out["spread"]         = row.spread;
    out["samples"]        = row.samples;
    if (row.discarded > 0) out["discarded"] = row.discarded;
    out["stopped"] = name_of(row.stopped);
    if (row.held_sms > 0) out["held_sms"] = row.held_sms;
    if (row.clock_mhz > 0) out["clock_mhz"] = row.clock_mhz;
    if (row.dram > Bytes{}) out["dram_bytes"] = row.dram.in(unit::B);
    out["clock"] = row.clock;
    if (!row.kernels.empty()) out["kernels"] = row.kernels;
    if (row.error >= 0) out["error"] = row.error;
    return out.dump() + "\n";
}

std::string to_line(const SkippedRow& row) {
    ordered_json out      = to_json(row.point);
    out["implementation"] = row.implementation;
    out["skipped"]        = row.reason;
    if (row.held_sms > 0) out["held_sms"] = row.held_sms;
    return out.dump() + "\n";
}

std::vector<Measurements> read_measurements(std::string_view text, const std::string& file) {
    std::vector<Measurements> out;
    int number = 0;
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
        const std::string_view line = text.substr(0, end);
        const std::string shown     = file + ":" + std::to_string(++number);
        text.remove_prefix(end + 1);
        if (line.find_first_not_of(" \t\r") != line.npos) read_line(parse_json(line, shown), shown, out);
    }
    return out;
}

std::vector<Measurements> read_measurements(const std::filesystem::path& file) {
    return read_measurements(read_text(file), file.string());
}

}  // namespace isobath
