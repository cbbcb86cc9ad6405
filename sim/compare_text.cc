// A comparison for people.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hw/text.h"
#include "sim/compare.h"
#include "sim/explain/explanation.h"

namespace isobath {
namespace {

constexpr std::size_t kOpsShown = 20, kReasons = 36, kValue = 32;

std::string bold(const std::string& text, bool colour) {
    return colour ? "\x1b[1m" + text + "\x1b[0m" : text;
}

/// A field's JSON as a word: text without its quotes.
std::string value(const std::string& text) {
    if (text.empty()) return "-";
    const bool quoted = text.size() > 1 && text.front() == '"';
    return clipped(quoted ? text.substr(1, text.size() - 2) : text, kValue - 3);
}

std::string fields(const Comparison& c, bool colour) {
    if (c.fields.empty()) return bold("The same scenario in every field", colour) + "\n";
    std::string out = bold(fmt::format("{:<32} {:<32} {}", "Fields that differ", "A", "B"), colour) + "\n";
    for (const FieldChange& f : c.fields)
        out += fmt::format("  {:<30} {:<32} {}\n", clipped(f.path, 60), value(f.a), value(f.b));
    return out;
}

std::string ratio(double a, double b) {
    return a > 0 && b > 0 ? fmt::format("{:.3f}", b / a) : "-";
}

/// Nothing stands where a side has no such metric: no time per output token in a prefill step.
std::string amount(double value, const std::string& unit) {
    return value == 0 ? "-" : show(value, unit);
}

std::string change(double seconds) {
    return seconds == 0 ? "-" : (seconds > 0 ? "+" : "-") + show(std::abs(seconds), "s");
}

std::string metrics(const char* title, const std::vector<MetricChange>& all, bool colour) {
    std::string out =
        "\n" + bold(fmt::format("{:<24} {:>16} {:>16} {:>8}", title, "A", "B", "B / A"), colour) + "\n";
    for (const MetricChange& m : all)
        out += fmt::format("  {:<22} {:>16} {:>16} {:>8}\n", m.name, amount(m.a, m.unit), amount(m.b, m.unit),
                           ratio(m.a, m.b));
    return out;
}

std::string ops(const Comparison& c, bool colour) {
    std::string out = "\n" +
                      bold(fmt::format("{:<19} {:>9} {:>9} {:>10} {:>7}   {}", "In a step", "A", "B",
                                       "change", "B / A", "why"),
                           colour) +
                      "\n";
    std::size_t shown = 0;
    for (const OpChange& op : c.ops) {
        if (shown == kOpsShown || (op.change() == 0 && op.reasons.empty())) break;
        std::string line = fmt::format(
            "  {:<17} {:>9} {:>9} {:>10} {:>7}   ", op.name, op.a.present ? show(op.a.time, "s") : "-",
            op.b.present ? show(op.b.time, "s") : "-", change(op.change()), ratio(op.a.time, op.b.time));
        for (std::size_t i = 0, used = 0; i < op.reasons.size() && used + op.reasons[i].size() <= kReasons;
             ++i) {
            line += (i ? ", " : "") + op.reasons[i];
            used += op.reasons[i].size() + 2;
        }
        out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
        ++shown;
    }
    if (shown < c.ops.size())
        out += fmt::format("  and {} more that change less or not at all (--json lists all)\n",
                           c.ops.size() - shown);
    return out;
}

}  // namespace

std::string to_text(const Comparison& c, const std::string& a_name, const std::string& b_name, bool colour) {
    std::string out =
        fmt::format("A  {}\nB  {}\n\n", clipped(a_name, 96), clipped(b_name, 96)) + fields(c, colour);
    out += metrics("Headline", c.metrics, colour);
    out += metrics("Parts of one layer", c.parts, colour);
    out += ops(c, colour);
    return out + (c.fits ? "" : "\nAt least one of them does not fit in memory.\n");
}

}  // namespace isobath
