#include <charconv>
#include <fstream>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "sim/serve/sources/length_law.h"
#include "sim/serve/sources/line_reader.h"

namespace isobath {
namespace {

bool take_tokens(std::string_view& line, std::int32_t& out) {
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), out);
    if (error != std::errc()) return false;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    return out >= 1 && out <= kMostTokens;
}

bool parse(std::string_view line, Lengths& out) {
    if (!take_tokens(line, out.prompt) || !line.starts_with(',')) return false;
    line.remove_prefix(1);
    return take_tokens(line, out.answer) && (line.empty() || line[0] == ',');
}

}  // namespace

std::vector<Lengths> read_length_pairs(const std::filesystem::path& file) {
    const std::string shown = clipped(file.string(), 200);
    std::ifstream in(file, std::ios::binary);
    if (!in || std::filesystem::is_directory(file))
        throw SpecError(shown + ": cannot be read; allowed is a file of lines \"prompt,answer\"");
    std::vector<Lengths> pairs;
    LineReader lines(in);
    for (std::string_view line; lines.next(line);) {
        if (line.empty() || (lines.number() == 1 && (line[0] < '0' || line[0] > '9') && line[0] != '-'))
            continue;
        if (!parse(line, pairs.emplace_back()))
            throw SpecError(
                fmt::format("{}:{}: \"{}\"; allowed are lines \"prompt,answer\" of whole numbers "
                            "from 1 to 10,000,000",
                            shown, lines.number(), clipped(line)));
    }
    if (pairs.empty()) throw SpecError(shown + ": has no pair; allowed are lines \"prompt,answer\"");
    return pairs;
}

}  // namespace isobath
