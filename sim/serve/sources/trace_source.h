/// Requests as somebody recorded them.
#pragma once

#include <filesystem>
#include <istream>
#include <memory>
#include <string>
#include <vector>

#include "sim/serve/sources/line_reader.h"
#include "sim/serve/sources/trace_format.h"

namespace isobath {

struct TraceOptions {
    double speed         = 1;  ///< 2: twice as many requests per second
    std::uint64_t repeat = 1;  ///< passes; the next begins one mean interval after the last one's end
    std::uint64_t limit  = ~std::uint64_t{0};  ///< requests at most, over all passes
    bool skip_bad        = false;              ///< count lines that cannot be read instead of refusing them
};

/// Lines that were skipped for one reason.
struct SkippedLines {
    std::string what, allowed;
    std::uint64_t lines = 0, first_line = 0;
};

/// A trace file, read while it is served: memory does not grow with it. Its kind is known by its content; see
/// TraceFormat. Blank lines are no requests.
///
/// Names of blocks are made from all ids before them, so that they name prefixes whatever the file's ids
/// name; each pass has names of its own, since somebody else asks for something else.
///
/// Throws SpecError "FILE:LINE: what is wrong; what is allowed" when opened and from next(): a line that
/// cannot be read, one that arrives before the one above it, a trace without a request.
class TraceSource final : public RequestSource {
  public:
    explicit TraceSource(const std::filesystem::path& file, const TraceOptions& options = {});
    /// `shown` names the text in messages.
    TraceSource(std::unique_ptr<std::istream> in, std::string shown, const TraceOptions& options = {});

    bool next(Request& out) override;
    TraceFormat::Kind kind() const { return format_.kind(); }
    /// Of the first pass, as far as it has been read.
    const std::vector<SkippedLines>& skipped() const { return skipped_; }

  private:
    bool next_row();
    bool begin_pass();
    void read_heading();
    TraceFault take(std::string_view line);
    void refuse(const TraceFault& fault);
    Ticks placed(Ticks arrival) const;
    void name_blocks();

    std::unique_ptr<std::istream> in_;
    std::string shown_;
    TraceOptions options_;
    LineReader lines_;
    TraceFormat format_;
    TraceRow row_;
    std::uint64_t asked_ = 0, pass_ = 0, rows_ = 0;        ///< rows_: of this pass
    Ticks origin_ = 0, first_ = 0, last_ = 0, shift_ = 0;  ///< of this pass, in the file's time
    std::vector<SkippedLines> skipped_;
};

}  // namespace isobath
