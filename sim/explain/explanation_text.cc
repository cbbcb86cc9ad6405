// An explanation for people.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/explain/explanation.h"

namespace isobath {
namespace {

constexpr std::size_t kWidth = 100, kInline = 33;

struct Scale {
    double from;
    const char* name;
    double unit;
};

std::string scaled(double value, std::initializer_list<Scale> scales) {
    const Scale* best = scales.begin();
    for (const Scale& s : scales)
        if (std::abs(value) >= s.from) best = &s;
    return fmt::format("{:.4g} {}", value / best->unit, best->name);
}

std::string bold(const std::string& text, bool colour) {
    return colour ? "\x1b[1m" + text + "\x1b[0m" : text;
}

/// `text` in lines of at most `width` columns, broken at spaces.
std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
    std::vector<std::string> lines;
    std::size_t at = 0;
    while (text.size() - at > width) {
        std::size_t cut = text.rfind(' ', at + width);
        if (cut == text.npos || cut <= at) cut = at + width;
        lines.push_back(text.substr(at, cut - at));
        at = cut + (text[cut] == ' ');
    }
    lines.push_back(text.substr(at));
    return lines;
}

/// Long sources, each once; ref() is what stands in the table.
class Sources {
  public:
    std::string ref(const std::string& source) {
        if (source.size() <= kInline) return source;
        const auto found = std::find(all_.begin(), all_.end(), source);
        if (found != all_.end()) return fmt::format("[{}]", found - all_.begin() + 1);
        all_.push_back(source);
        return fmt::format("[{}]", all_.size());
    }
    std::string text(bool colour) const {
        std::string out = all_.empty() ? "" : "\n" + bold("Sources", colour) + "\n";
        for (std::size_t i = 0; i < all_.size(); ++i) {
            std::string mark = fmt::format("[{}]", i + 1);
            for (const std::string& line : wrapped(all_[i], kWidth - 8)) {
                out += fmt::format("  {:<5} {}\n", mark, line);
                mark.clear();
            }
        }
        return out;
    }

  private:
    std::vector<std::string> all_;
};

std::string interval(const Known& k) {
    if (!k.uncertain()) return "";
    const std::string low = show(k.low, k.unit), high = show(k.high, k.unit);
    const std::size_t unit = low.find(' ');
    const bool same =
        unit != low.npos && low.substr(unit) == high.substr(std::min(high.find(' '), high.size()));
    return (same ? low.substr(0, unit) : low) + " to " + high;
}

std::string inputs(const Explanation& e, Sources& sources, bool colour) {
    std::string out =
        "\n" + bold(fmt::format("{:<22} {:>18}   {:<22} {}", "Inputs", "", "80 % interval", "from"), colour) +
        "\n";
    for (const Known& k : e.inputs) {
        std::string line =
            fmt::format("  {:<20} {:>18}   {:<22} {}", k.name,
                        k.word.empty() ? show(k.value, k.unit) : k.word, interval(k), sources.ref(k.from));
        out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return out;
}

std::string steps(const Explanation& e, bool colour) {
    std::string out = "\n" + bold("Steps", colour) + "\n";
    for (const Known& k : e.steps) {
        const auto lines = wrapped(k.from, kWidth - 44);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const std::string value = k.word.empty() ? show(k.value, k.unit) : k.word;
            out += fmt::format("  {:<20} {:>18}   {}\n", i ? "" : k.name, i ? "" : value, lines[i]);
        }
    }
    return out;
}

std::string headline(const Explanation& e, bool colour) {
    std::string out =
        bold(e.op, colour) + ": " + e.title + "\n\n  " + bold(show(e.result.value, e.result.unit), colour);
    if (e.result.uncertain()) out += "   80 % interval " + interval(e.result);
    if (!e.source.empty()) out += "   " + e.source + (e.bound.empty() ? "" : ", bound by " + e.bound);
    if (e.runs > 0 && e.result.unit == "s")
        out += fmt::format("\n  one GPU runs it {:.6g} times in a step: {}", e.runs,
                           show(e.runs * e.result.value, "s"));
    return out + "\n";
}

}  // namespace

std::string show(double value, const std::string& unit) {
    if (unit == "s") return scaled(value, {{0, "us", 1e-6}, {0.9995e-3, "ms", 1e-3}, {0.9995, "s", 1}});
    if (unit == "B")
        return scaled(value, {{0, "B", 1}, {1e3, "kB", 1e3}, {1e6, "MB", 1e6}, {1 << 30, "GiB", 1 << 30}});
    if (unit == "B/s") return scaled(value, {{0, "GB/s", 1e9}, {1e12, "TB/s", 1e12}});
    if (unit == "FLOP")
        return scaled(value,
                      {{0, "FLOP", 1}, {1e6, "MFLOP", 1e6}, {1e9, "GFLOP", 1e9}, {1e12, "TFLOP", 1e12}});
    if (unit == "FLOP/s")
        return scaled(value, {{0, "GFLOP/s", 1e9}, {1e12, "TFLOP/s", 1e12}, {1e15, "PFLOP/s", 1e15}});
    const bool whole = std::abs(value) < 1e9 && value == std::round(value);
    const std::string number =
        whole || std::abs(value) >= 1e4 ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
    if (unit.empty()) return number;
    const bool one = value == 1 && unit.ends_with('s') && unit.find('/') == unit.npos;
    return number + " " + (one ? unit.substr(0, unit.size() - 1) : unit);
}

std::string to_text(const Explanation& e, bool colour) {
    Sources sources;
    std::string out = headline(e, colour) + "\n" + bold("Equation", colour) + "\n";
    for (const std::string& line : e.equation)
        for (const std::string& part : wrapped(line, kWidth - 2)) out += "  " + part + "\n";
    out += inputs(e, sources, colour);
    out += steps(e, colour);
    return out + sources.text(colour);
}

}  // namespace isobath
