/// Text that came from outside, made safe and short enough to stand in a message.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace isobath {

/// `text` with control bytes and bytes outside ASCII escaped as \xNN, cut after `most` characters with "...".
std::string clipped(std::string_view text, std::size_t most = 80);

/// The known word nearest to `word` by edit distance; empty if none is near enough to be meant.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

/// "a, b, c".
std::string joined(std::span<const std::string_view> words, std::string_view separator = ", ");

}  // namespace isobath
