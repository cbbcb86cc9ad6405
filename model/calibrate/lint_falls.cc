#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "model/calibrate/lint_rules.h"

namespace isobath::lint {
namespace {

/// Columns along which more can only take longer, everything else being equal.
constexpr std::string_view kSizes[] = {"m",         "n",          "k",   "num_tokens", "num_token",
                                       "num_heads", "batch_size", "isl", "step",       "message_size"};

/// Columns that follow from a size and change with it.
constexpr std::string_view kTied[] = {"tp_size", "rank0_num_tokens", "dp_num_tokens"};

/// Row `small` takes too long beside row `large`, which has more of `column`.
struct Pair {
    std::size_t small, large;
    std::string_view column;
};

using Group = std::vector<std::size_t>;

std::vector<Group> groups_along(const SiliconTable& table, std::string_view column) {
    const std::string_view skipped[] = {column, kTied[0], kTied[1], kTied[2]};
    std::map<std::string, Group> groups;
    for (std::size_t i = 0; i < table.rows.size(); ++i)
        groups[fields_but(table.rows[i], skipped)].push_back(i);
    std::vector<Group> out;
    for (auto& [fields, rows] : groups) out.push_back(std::move(rows));
    return out;
}

std::vector<Pair> pairs_of(const SiliconTable& table) {
    std::vector<Pair> out;
    for (const std::string_view column : kSizes) {
        if (!table.rows.front().fields.count(column)) continue;
        for (const Group& group : groups_along(table, column))
            for (const std::size_t small : group)
                for (const std::size_t large : group)
                    if (table.rows[small].number(column) < table.rows[large].number(column) &&
                        table.rows[small].time > kDisturbed * table.rows[large].time)
                        out.push_back({small, large, column});
    }
    return out;
}

/// The row that explains most pairs; of two that explain as many the slower, since a disturbance adds time.
std::size_t culprit_of(const SiliconTable& table, const std::vector<Pair>& pairs) {
    std::map<std::size_t, int> named;
    for (const Pair& pair : pairs) ++named[pair.small], ++named[pair.large];
    return std::max_element(named.begin(), named.end(),
                            [&](const auto& a, const auto& b) {
                                return std::pair(a.second, table.rows[a.first].time) <
                                       std::pair(b.second, table.rows[b.first].time);
                            })
        ->first;
}

std::string told(const SiliconTable& table, const Pair& pair, std::size_t culprit) {
    const SiliconRow& other = table.rows[pair.small == culprit ? pair.large : pair.small];
    return fmt::format("{}; {} = {} takes {}", to_string(table.rows[culprit].time), pair.column,
                       other.text(pair.column), to_string(other.time));
}

}  // namespace

void falls(const SiliconTable& table, Findings& out) {
    std::vector<Pair> pairs = pairs_of(table);
    while (!pairs.empty()) {
        const std::size_t culprit = culprit_of(table, pairs);
        const auto with_culprit   = [&](const Pair& p) { return p.small == culprit || p.large == culprit; };
        const Pair& first         = *std::find_if(pairs.begin(), pairs.end(), with_culprit);
        report(out, table, table.rows[culprit], "falls", told(table, first, culprit));
        std::erase_if(pairs, with_culprit);
    }
}

}  // namespace isobath::lint
