/// How long prompts and answers are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "sim/serve/draws.h"

namespace isobath {

/// Most tokens of one prompt or answer.
inline constexpr std::int32_t kMostTokens = 10'000'000;

/// A law of whole numbers: each with its exact chance, to 53 bits. Drawn through the inverse of the
/// cumulative chances, with a table that says where to begin to search (Chen and Asau, "On generating random
/// variates from an empirical distribution", 1974). Memory: 12 bytes for each number that can occur.
///
/// The functions that make one throw SpecError where no such law exists.
class LengthLaw {
  public:
    /// 1 token always.
    LengthLaw() : LengthLaw(1, {1}) {}
    /// `lowest`, `lowest` + 1, ... with chances in proportion to `weights`.
    LengthLaw(std::int32_t lowest, std::vector<double> weights);

    static LengthLaw fixed(std::int32_t tokens) { return LengthLaw(tokens, {1}); }
    /// Every whole number from `low` to `high` alike.
    static LengthLaw uniform(std::int32_t low, std::int32_t high);
    /// As serving benchmarks draw: every whole number from floor(ratio * tokens), at least 1, to `tokens`.
    static LengthLaw uniform_ratio(std::int32_t tokens, double ratio);
    /// Rounded to whole numbers, at least 1; what is longer than `most` becomes `most`. The mean is that of
    /// the numbers that are drawn; `cv` is the standard deviation over the mean of the law before the ends
    /// are cut off. Where that is less than half a token: the two whole numbers next to the mean.
    static LengthLaw log_normal(double mean, double cv, std::int32_t most = 1 << 17);

    std::int32_t draw(Draws& draws) const {
        if (cumulative_.size() == 1) return lowest_;
        const double u = draws.uniform();
        std::size_t i  = guide_[static_cast<std::size_t>(u * static_cast<double>(guide_.size()))];
        while (cumulative_[i] <= u) ++i;
        return lowest_ + static_cast<std::int32_t>(i);
    }
    double mean() const;

  private:
    std::int32_t lowest_;
    std::vector<double> cumulative_;    ///< chance of at most lowest_ + i; the last one is 1
    std::vector<std::uint32_t> guide_;  ///< first i whose cumulative chance is above g / guide_.size()
};

struct Lengths {
    std::int32_t prompt = 1, answer = 1;
    bool operator==(const Lengths&) const = default;
};

/// Prompt and answer of a request: independent, or where there are pairs one of these, each alike.
struct LengthLaws {
    LengthLaw prompt, answer;
    std::vector<Lengths> pairs;

    Lengths draw(Draws& draws) const {
        if (!pairs.empty()) return pairs[draws.whole(pairs.size())];
        const std::int32_t tokens = prompt.draw(draws);
        return {tokens, answer.draw(draws)};
    }
};

/// Pairs from a file of lines "prompt,answer" with or without further columns; a first line that does not
/// begin with a digit is a heading. Throws SpecError "FILE:LINE: what is wrong; what is allowed".
std::vector<Lengths> read_length_pairs(const std::filesystem::path& file);

}  // namespace isobath
