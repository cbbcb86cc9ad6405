/// Files that are whole or not there, whatever happens while they are written.
#pragma once

#include <string>

namespace isobath {

/// Writes FILE.part and then puts it in FILE's place. Returns whether that succeeded; what was there before
/// stays where it did not.
[[nodiscard]] bool write_whole(const std::string& file, const std::string& text);

}  // namespace isobath
