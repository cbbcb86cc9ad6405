#include "model/acceptance/import_text.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "hw/text.h"

namespace isobath {

void LogLine::fail(const std::string& what) const {
    throw SpecError(fmt::format("{}:{}: {}", clipped(*shown, 400), number, what));
}

std::optional<std::string_view> behind(const LogLine& line, std::string_view key) {
    const auto at = line.text.find(key);
    if (at == line.text.npos) return {};
    return line.text.substr(at + key.size());
}

double number_at(const LogLine& line, std::string_view text, std::string_view name) {
    const auto start = text.find_first_not_of(' ');
    if (start == text.npos) line.fail(fmt::format("cut off where {} should stand", name));
    text.remove_prefix(start);
    double value            = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (wrong != std::errc() || !std::isfinite(value))
        line.fail(
            fmt::format("{} is \"{}\", no finite number", name, clipped(text.substr(0, text.find(',')), 40)));
    return value;
}

std::optional<double> number_behind(const LogLine& line, std::string_view key) {
    const auto rest = behind(line, key);
    if (!rest) return {};
    return number_at(line, *rest, key.substr(0, key.find_last_not_of(" :\"") + 1));
}

}  // namespace isobath
