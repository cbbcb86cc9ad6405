#include "hw/text.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <fmt/format.h>

namespace isobath {
namespace {

/// Levenshtein distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0]               = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t swap = diagonal + (a[i - 1] != b[j - 1]);
            diagonal               = row[j];
            row[j]                 = std::min({row[j] + 1, row[j - 1] + 1, swap});
        }
    }
    return row.back();
}

}  // namespace

std::string clipped(std::string_view text, std::size_t most) {
    std::string out;
    for (const char c : text) {
        if (out.size() >= most) return out + "...";
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte > 0x7e)
            out += fmt::format("\\x{:02x}", byte);
        else
            out += c;
    }
    return out;
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
    if (word.size() > 64) return {};
    std::string_view best;
    std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const std::string_view candidate : known) {
        const bool begins   = word.size() >= 3 && candidate.starts_with(word);
        const std::size_t d = begins ? 1 : distance(word, candidate);
        if (d < least) {
            least = d;
            best  = candidate;
        }
    }
    return best;
}

std::string joined(std::span<const std::string_view> words, std::string_view separator) {
    return fmt::format("{}", fmt::join(words.begin(), words.end(), separator));
}

}  // namespace isobath
