/// The three kinds of traces that are read, line by line.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/serve/request.h"

namespace isobath {

/// What is wrong with a line: constant words, and the part of the line they are about.
struct TraceFault {
    const char* what    = nullptr;  ///< none: nothing is wrong
    const char* allowed = nullptr;
    std::string_view text;
    explicit operator bool() const { return what != nullptr; }
};

/// What a line says.
struct TraceRow {
    Ticks arrival       = 0;
    std::int32_t prompt = 1, answer = 1, cached = 0;
    std::vector<std::uint64_t> ids;  ///< as the file has them; capacity is kept from line to line
};

/// - Azure LLM inference traces: CSV with the columns TIMESTAMP (2023-11-16 18:17:03.9799600, at most 9
///   decimals, then nothing, Z or +00:00), ContextTokens and GeneratedTokens, others ignored. Source: their
///   repository AzurePublicDataset, files of 2023 and 2024.
/// - Mooncake traces: an object in JSON on each line, with timestamp (ms), input_length, output_length and
///   hash_ids of the prompt's blocks of 512 tokens, other keys ignored. Source: Qin and others, "Mooncake",
///   FAST 2025, and the traces with it.
/// - Our own: CSV with the columns arrival_s (from the start of the run), prompt, answer (tokens), and, where
///   wanted, cached (leading tokens of the prompt that some cache is said to hold), in any order.
class TraceFormat {
  public:
    enum class Kind : std::uint8_t { unknown, azure, mooncake, own };

    /// Known by the first line that is not blank.
    static TraceFormat of(std::string_view first_line, TraceFault& fault);

    Kind kind() const { return kind_; }
    bool has_heading() const { return kind_ != Kind::mooncake; }
    /// Whether times count from the first line instead of from 0.
    bool relative() const { return kind_ == Kind::azure; }
    TraceFault parse(std::string_view line, TraceRow& row) const;

  private:
    enum Field : std::size_t { kTime, kPrompt, kAnswer, kCached, kFields };
    TraceFault parse_csv(std::string_view line, TraceRow& row) const;

    Kind kind_ = Kind::unknown;
    std::array<int, kFields> columns_{-1, -1, -1, -1};
    int width_ = 0;  ///< columns
};

/// Nanoseconds since 1970 in UTC, as Azure writes a moment; false if it is none of the years 1971 to 2200.
bool parse_moment(std::string_view text, Ticks& out);

TraceFault parse_mooncake(std::string_view line, TraceRow& row);

/// Faults that both kinds of lines share.
namespace trace_faults {
inline constexpr const char* kWholeTokens = "whole numbers from 1 to 10,000,000";
inline constexpr TraceFault prompt(std::string_view text) {
    return {"prompt tokens", kWholeTokens, text};
}
inline constexpr TraceFault answer(std::string_view text) {
    return {"answer tokens", kWholeTokens, text};
}
}  // namespace trace_faults

}  // namespace isobath
