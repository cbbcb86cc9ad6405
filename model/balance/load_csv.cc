#include <charconv>
#include <set>

#include <fmt/format.h>

#include "hw/text.h"
#include "model/balance/load_rows.h"

namespace isobath {
namespace {

/// The text up to `end`, which is taken from `rest`.
std::string_view take_until(char end, std::string_view& rest) {
    const auto at              = std::min(rest.find(end), rest.size());
    const std::string_view one = rest.substr(0, at);
    rest.remove_prefix(std::min(at + 1, rest.size()));
    return one;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r";
    const auto from                  = text.find_first_not_of(blank);
    if (from == text.npos) return {};
    return text.substr(from, text.find_last_not_of(blank) - from + 1);
}

/// Reads one line after another and knows where it is.
class CsvReader {
  public:
    CsvReader(std::string_view text, LoadRows& rows) : rest_(text), rows_(rows) {}

    void read() {
        next_line();
        const auto header = fields();
        const bool wide   = header.size() > 2 && header[0] == "layer" && header[1] != "expert";
        const bool tall   = header == std::vector<std::string_view>{"layer", "expert", "count"};
        if (!wide && !tall)
            fail(fmt::format("\"{}\" is no header; expected layer,expert,count or layer,e0,e1,...",
                             clipped(line_, 60)));
        if (header.size() > std::size_t(LoadRows::kMostExperts) + 1)
            fail(fmt::format("{} experts; expected 2 to {}", header.size() - 1, LoadRows::kMostExperts));
        while (next_line()) tall ? read_count(fields()) : read_layer(fields(), header.size());
    }

  private:
    bool next_line() {
        do {
            if (rest_.empty()) {
                line_ = {};
                return false;
            }
            ++number_;
            line_ = trimmed(take_until('\n', rest_));
        } while (line_.empty());
        return true;
    }

    std::vector<std::string_view> fields() const {
        std::vector<std::string_view> out;
        for (std::string_view left = line_; !left.empty();) {
            const bool last = left.find(',') == left.npos;
            const bool more = !last && left.back() == ',' && left.find(',') == left.size() - 1;
            out.push_back(trimmed(take_until(',', left)));
            if (more) out.emplace_back();
        }
        return out;
    }

    void read_count(const std::vector<std::string_view>& f) {
        if (f.size() != 3) fail(fmt::format("{} fields; expected layer,expert,count", f.size()));
        const int layer = index(f[0], LoadRows::kMostLayers), expert = index(f[1], LoadRows::kMostExperts);
        if (!seen_.insert({layer, expert}).second)
            fail(fmt::format("layer {}, expert {} is counted twice; expected once", layer, expert));
        rows_.add(layer, expert, number(f[2]));
    }

    void read_layer(const std::vector<std::string_view>& f, std::size_t width) {
        if (f.size() != width) fail(fmt::format("{} fields; expected {} as in the header", f.size(), width));
        const int layer = index(f[0], LoadRows::kMostLayers);
        if (rows_.holds(layer)) fail(fmt::format("layer {} is given twice; expected once", layer));
        std::vector<double> row;
        for (std::size_t i = 1; i < f.size(); ++i) row.push_back(number(f[i]));
        rows_.add_row(layer, row, place());
    }

    int index(std::string_view text, int end) const {
        int value              = -1;
        const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || at != text.data() + text.size() || value < 0 || value >= end)
            fail(fmt::format("\"{}\"; expected a whole number from 0 to {}", clipped(text, 40), end - 1));
        return value;
    }

    double number(std::string_view text) const {
        double value           = -1;
        const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || at != text.data() + text.size())
            fail(fmt::format("\"{}\"; expected a number from 0 to {:g}", clipped(text, 40),
                             LoadRows::kMostTokens));
        return rows_.checked(value, place());
    }

    std::string place() const { return fmt::format("line {}", number_); }
    [[noreturn]] void fail(const std::string& what) const { rows_.fail(place(), what); }

    std::string_view rest_, line_;
    int number_ = 0;
    LoadRows& rows_;
    std::set<std::pair<int, int>> seen_;
};

}  // namespace

void read_load_csv(std::string_view text, LoadRows& rows) {
    CsvReader(text, rows).read();
}

}  // namespace isobath
