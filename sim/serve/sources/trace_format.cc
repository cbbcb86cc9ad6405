#include "sim/serve/sources/trace_format.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "sim/serve/sources/length_law.h"

namespace isobath {
namespace {

std::string_view trimmed(std::string_view text) {
    const auto from = text.find_first_not_of(" \t");
    if (from == text.npos) return {};
    return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

template <class Number>
bool parse_number(std::string_view text, Number& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size();
}

bool parse_tokens(std::string_view text, std::int32_t least, std::int32_t& out) {
    return parse_number(text, out) && out >= least && out <= kMostTokens;
}

/// The next so many digits, as a number.
bool take(std::string_view& text, std::size_t digits, int& out) {
    if (text.size() < digits || !parse_number(text.substr(0, digits), out) || out < 0) return false;
    text.remove_prefix(digits);
    return true;
}

bool take(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text[0]) == any_of.npos) return false;
    text.remove_prefix(1);
    return true;
}

/// ".9799600" or nothing; false if a point has no digit or more than nine.
bool take_fraction(std::string_view& text, Ticks& ns) {
    ns = 0;
    if (!take(text, ".")) return true;
    int digits = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits)
        ns = ns * 10 + (text[0] - '0');
    if (digits < 1 || digits > 9) return false;
    for (; digits < 9; ++digits) ns *= 10;
    return true;
}

/// Seconds east of UTC: nothing, Z, or +01:30.
bool take_zone(std::string_view& text, int& seconds) {
    seconds = 0;
    if (text.empty() || take(text, "Z")) return true;
    const int sign = text[0] == '-' ? -1 : 1;
    int hours = 0, minutes = 0;
    if (!take(text, "+-") || !take(text, 2, hours) || !take(text, ":") || !take(text, 2, minutes))
        return false;
    seconds = sign * (hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60;
}

/// Nanoseconds from decimal seconds.
bool parse_seconds(std::string_view text, Ticks& out) {
    double seconds = 0;
    if (!parse_number(text, seconds) || !(seconds >= 0 && seconds <= 9e9)) return false;
    out = std::llround(seconds * 1e9);
    return true;
}

/// Calls take(column, text) for each field, and gives their number.
template <class Take>
int each_field(std::string_view line, Take take_field) {
    for (int column = 0;; ++column) {
        const auto comma = line.find(',');
        take_field(column, trimmed(line.substr(0, comma)));
        if (comma == line.npos) return column + 1;
        line.remove_prefix(comma + 1);
    }
}

constexpr TraceFault kUnknown{
    "first line",
    "\"TIMESTAMP,ContextTokens,GeneratedTokens\" (Azure), a JSON object (Mooncake), or "
    "\"arrival_s,prompt,answer\" with or without \",cached\"",
    {}};

using Headings = std::array<std::string_view, 4>;
constexpr Headings kAzure{"TIMESTAMP", "ContextTokens", "GeneratedTokens", ""};
constexpr Headings kOwn{"arrival_s", "prompt", "answer", "cached"};

}  // namespace

bool parse_moment(std::string_view text, Ticks& out) {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zone = 0;
    Ticks ns = 0;
    if (!(take(text, 4, year) && take(text, "-") && take(text, 2, month) && take(text, "-") &&
          take(text, 2, day) && take(text, " T") && take(text, 2, hour) && take(text, ":") &&
          take(text, 2, minute) && take(text, ":") && take(text, 2, second) && take_fraction(text, ns) &&
          take_zone(text, zone) && text.empty()))
        return false;
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || year < 1971 || year > 2200 || hour > 23 || minute > 59 || second > 60) return false;
    const Ticks days = std::chrono::sys_days(date).time_since_epoch().count();
    out              = (((days * 24 + hour) * 60 + minute) * 60 + second - zone) * Ticks{1'000'000'000} + ns;
    return true;
}

TraceFormat TraceFormat::of(std::string_view line, TraceFault& fault) {
    TraceFormat format;
    fault = {};
    if (trimmed(line).starts_with('{')) {
        format.kind_ = Kind::mooncake;
        return format;
    }
    const bool azure         = line.find(kAzure[kTime]) != line.npos;
    const Headings& headings = azure ? kAzure : kOwn;
    bool known               = true;
    format.width_            = each_field(line, [&](int column, std::string_view name) {
        const auto found = std::find(headings.begin(), headings.end(), name);
        if (found == headings.end() || name.empty()) return void(known = known && azure);
        int& place = format.columns_[static_cast<std::size_t>(found - headings.begin())];
        known      = known && place < 0;  // none twice
        place      = column;
    });
    known =
        known && std::min({format.columns_[kTime], format.columns_[kPrompt], format.columns_[kAnswer]}) >= 0;
    format.kind_ = !known ? Kind::unknown : azure ? Kind::azure : Kind::own;
    if (!known) fault = {kUnknown.what, kUnknown.allowed, line};
    return format;
}

TraceFault TraceFormat::parse(std::string_view line, TraceRow& row) const {
    row.ids.clear();
    row.cached = 0;
    return kind_ == Kind::mooncake ? parse_mooncake(line, row) : parse_csv(line, row);
}

TraceFault TraceFormat::parse_csv(std::string_view line, TraceRow& row) const {
    std::array<std::string_view, kFields> fields;
    const int found = each_field(line, [&](int column, std::string_view text) {
        for (std::size_t f = 0; f < kFields; ++f)
            if (columns_[f] == column) fields[f] = text;
    });
    if (found != width_) return {"number of fields", "as many as in the first line", line};
    if (kind_ == Kind::azure && !parse_moment(fields[kTime], row.arrival))
        return {"time", "such as 2023-11-16 18:17:03.97996", fields[kTime]};
    if (kind_ == Kind::own && !parse_seconds(fields[kTime], row.arrival))
        return {"arrival_s", "seconds from 0 to 9e9", fields[kTime]};
    if (!parse_tokens(fields[kPrompt], 1, row.prompt)) return trace_faults::prompt(fields[kPrompt]);
    if (!parse_tokens(fields[kAnswer], 1, row.answer)) return trace_faults::answer(fields[kAnswer]);
    if (columns_[kCached] >= 0 && (!parse_tokens(fields[kCached], 0, row.cached) || row.cached > row.prompt))
        return {"cached tokens", "whole numbers from 0 to the prompt's", fields[kCached]};
    return {};
}

}  // namespace isobath
