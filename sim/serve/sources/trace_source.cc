#include "sim/serve/sources/trace_source.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "sim/serve/draws.h"

namespace isobath {
namespace {

constexpr double kLatest = 9e18;  ///< 285 years, nearly all that Ticks can hold

std::unique_ptr<std::istream> opened(const std::filesystem::path& file) {
    auto in = std::make_unique<std::ifstream>(file, std::ios::binary);
    if (!*in || std::filesystem::is_directory(file))
        throw SpecError(clipped(file.string(), 200) + ": cannot be read; allowed is a trace file");
    return in;
}

bool blank(std::string_view line) {
    return line.find_first_not_of(" \t") == line.npos;
}

void check(const TraceOptions& o, const std::string& shown) {
    if (!(o.speed > 0 && o.speed <= 1e9))
        throw SpecError(fmt::format("{}: speed {}; allowed is more than 0, at most 1e9", shown, o.speed));
    if (o.repeat < 1) throw SpecError(shown + ": repeat 0; allowed are 1 and more");
}

}  // namespace

TraceSource::TraceSource(const std::filesystem::path& file, const TraceOptions& options)
    : TraceSource(opened(file), file.string(), options) {}

TraceSource::TraceSource(std::unique_ptr<std::istream> in, std::string shown, const TraceOptions& options)
    : in_(std::move(in)), shown_(clipped(shown, 200)), options_(options), lines_(*in_) {
    check(options_, shown_);
    read_heading();
}

void TraceSource::read_heading() {
    std::string_view line;
    do {
        if (!lines_.next(line)) throw SpecError(shown_ + ": is empty; allowed is a trace of requests");
    } while (blank(line));
    TraceFault fault;
    format_ = TraceFormat::of(line, fault);
    if (fault)
        throw SpecError(fmt::format("{}:{}: first line \"{}\"; allowed are {}", shown_, lines_.number(),
                                    clipped(line), fault.allowed));
    if (!format_.has_heading()) lines_.rewind();
}

bool TraceSource::next(Request& out) {
    if (asked_ == options_.limit || !next_row()) return false;
    name_blocks();
    out = {.id      = asked_++,
           .arrival = placed(row_.arrival),
           .prompt  = row_.prompt,
           .answer  = row_.answer,
           .cached  = row_.cached,
           .blocks  = row_.ids};
    return true;
}

bool TraceSource::next_row() {
    for (std::string_view line;;) {
        if (!lines_.next(line)) {
            if (!begin_pass()) return false;
            continue;
        }
        if (blank(line)) continue;
        const TraceFault fault = take(line);
        if (!fault) return true;
        refuse(fault);
    }
}

/// The line's row, in its place after the one above.
TraceFault TraceSource::take(std::string_view line) {
    if (lines_.too_long()) return {"line", "at most 1,048,576 bytes", line};
    if (const TraceFault fault = format_.parse(line, row_)) return fault;
    if (rows_ > 0 && row_.arrival < last_)
        return {"arrival before the line above", "lines in order of arrival", line};
    if (rows_ == 0) first_ = row_.arrival;
    if (rows_ == 0 && pass_ == 0 && format_.relative()) origin_ = row_.arrival;
    if (static_cast<double>(row_.arrival - origin_) + static_cast<double>(shift_) >
        kLatest * std::min(1.0, options_.speed))
        return {"arrival", "at most 285 years after the start", line};
    last_ = row_.arrival;
    ++rows_;
    return {};
}

bool TraceSource::begin_pass() {
    if (pass_ == 0 && rows_ == 0)
        throw SpecError(shown_ + ": has no request; allowed is a trace of requests");
    if (++pass_ == options_.repeat) return --pass_, false;
    const double span = static_cast<double>(last_ - first_);
    const double next = span + (rows_ > 1 ? span / static_cast<double>(rows_ - 1) : 0);
    if (static_cast<double>(shift_) + next > kLatest) return false;
    shift_ += std::llround(next);
    rows_ = 0;
    lines_.rewind();
    read_heading();
    return true;
}

void TraceSource::refuse(const TraceFault& fault) {
    if (!options_.skip_bad)
        throw SpecError(fmt::format("{}:{}: {}: \"{}\"; allowed: {}", shown_, lines_.number(), fault.what,
                                    clipped(fault.text), fault.allowed));
    if (pass_ > 0) return;
    const auto same = [&](const SkippedLines& s) {
        return s.what == fault.what && s.allowed == fault.allowed;
    };
    const auto found = std::find_if(skipped_.begin(), skipped_.end(), same);
    if (found != skipped_.end()) return void(++found->lines);
    skipped_.push_back({fault.what, fault.allowed, 1, lines_.number()});
}

Ticks TraceSource::placed(Ticks arrival) const {
    const Ticks time = arrival - origin_ + shift_;
    return options_.speed == 1 ? time : std::llround(static_cast<double>(time) / options_.speed);
}

void TraceSource::name_blocks() {
    std::uint64_t prefix = pass_;
    for (std::uint64_t& id : row_.ids) id = prefix = mix64(prefix + mix64(id + 1));
}

}  // namespace isobath
