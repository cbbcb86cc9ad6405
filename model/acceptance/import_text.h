/// Finding numbers in the lines of a log, and saying which line is wrong.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace isobath {

struct LogLine {
    std::string_view text;
    int number               = 0;
    const std::string* shown = nullptr;

    /// Throws SpecError "shown:LINE: what".
    [[noreturn]] void fail(const std::string& what) const;
};

/// The text right behind `key`, or nothing if the line lacks it.
std::optional<std::string_view> behind(const LogLine& line, std::string_view key);

/// The finite number that `text` begins with, spaces before it allowed. `name` serves messages.
/// Throws SpecError where there is none, or it is not finite.
double number_at(const LogLine& line, std::string_view text, std::string_view name);

/// The number behind `key`, or nothing if the line lacks the key.
std::optional<double> number_behind(const LogLine& line, std::string_view key);

}  // namespace isobath
