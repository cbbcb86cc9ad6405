#include "sim/cli/numbers.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "hw/spec_reader.h"
#include "hw/text.h"

namespace isobath::cli {

Seconds duration(const std::string& flag, const std::string& text) {
    double n                = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), n);
    std::string_view unit(end, std::size_t(text.data() + text.size() - end));
    while (unit.starts_with(' ')) unit.remove_prefix(1);
    const double seconds = unit == "s" ? 1 : unit == "min" ? 60 : unit == "h" ? 3600 : 0;
    if (wrong != std::errc() || seconds == 0 || !(n >= 0 && n * seconds <= 1e9))
        throw SpecError("--" + flag + " " + clipped(text) +
                        ": need a number and one of s min h, from 0 to 1e9 s");
    return n * seconds * unit::s;
}

double number(const std::string& flag, const std::string& text, double least, double most) {
    double n                = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (wrong != std::errc() || end != text.data() + text.size() || !(n >= least && n <= most))
        throw SpecError("--" + flag + " " + clipped(text) + ": need a number from " +
                        nlohmann::json(least).dump() + " to " + nlohmann::json(most).dump());
    return n;
}

int whole(const std::string& flag, const std::string& text, int most) {
    const double n = number(flag, text, 1, most);
    if (n != int(n)) throw SpecError("--" + flag + " " + clipped(text) + ": need a whole number");
    return int(n);
}

}  // namespace isobath::cli
