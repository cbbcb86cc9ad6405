#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "model/calibrate/lint_rules.h"

namespace isobath::lint {
namespace {

constexpr std::size_t kFewestSame = 20;    ///< equal times of fewer rows may be chance
constexpr double kLuck            = 1.25;  ///< between two random draws

/// The time by key of what was run.
std::map<std::string, Seconds> times_of(const SiliconTable& table) {
    std::map<std::string, Seconds> out;
    for (const SiliconRow& row : table.rows) out.emplace(row.key, row.time);
    return out;
}

/// Rows of both tables that are of the same kernel and took exactly as long.
std::set<std::string> same_rows(const SiliconTable& a, const SiliconTable& b) {
    const auto other = times_of(b);
    std::set<std::string> out;
    for (const SiliconRow& row : a.rows)
        if (const auto at = other.find(row.key); at != other.end() && at->second == row.time)
            out.insert(row.key);
    return out;
}

/// In how many rows of the table the device is `gpu`.
std::ptrdiff_t named_in(const SiliconTable& table, const std::string& gpu) {
    return std::count_if(table.rows.begin(), table.rows.end(),
                         [&](const SiliconRow& row) { return names_gpu(row.text("device"), gpu); });
}

/// The rows belong to the GPU that both tables name more often; to the first by name if neither does.
const SiliconTable& copy_of(const SiliconTable& a, const SiliconTable& b) {
    const auto of_a = named_in(a, a.gpu) + named_in(b, a.gpu), of_b = named_in(a, b.gpu) + named_in(b, b.gpu);
    if (of_a != of_b) return of_a > of_b ? b : a;
    return a.gpu < b.gpu ? b : a;
}

void compare(const SiliconTable& a, const SiliconTable& b, Findings& out) {
    const std::set<std::string> same = same_rows(a, b);
    if (same.size() < kFewestSame || 2 * same.size() < std::min(a.rows.size(), b.rows.size())) return;
    const SiliconTable &copy = copy_of(a, b), &kept = &copy == &a ? b : a;
    for (const SiliconRow& row : copy.rows)
        if (same.count(row.key))
            report(out, copy, row, "same-numbers",
                   fmt::format("{} exactly, as in {}", to_string(row.time), kept.file));
}

}  // namespace

void given_twice(const SiliconTable& table, Findings& out) {
    std::map<std::string, int> first;
    for (const SiliconRow& row : table.rows) {
        const auto [at, fresh] = first.emplace(row.key, row.line);
        if (!fresh) report(out, table, row, "given-twice", fmt::format("first in line {}", at->second));
    }
}

void other_device(const SiliconTable& table, Findings& out) {
    for (const SiliconRow& row : table.rows)
        if (!names_gpu(row.text("device"), table.gpu))
            report(out, table, row, "other-device",
                   fmt::format("\"{}\" in a table of {}", row.text("device"), table.gpu));
}

void host_bound(const SiliconTable& table, Findings& out) {
    if (table.family != "moe_context") return;
    const auto least = std::min_element(table.rows.begin(), table.rows.end(),
                                        [](const auto& a, const auto& b) { return a.time < b.time; });
    for (const SiliconRow& row : table.rows)
        if (row.time < kDisturbed * least->time)
            report(
                out, table, row, "host-bound",
                fmt::format("{}; {} is the least in the table", to_string(row.time), to_string(least->time)));
}

void draws_differ(const SiliconTable& table, Findings& out) {
    if (!table.rows.front().fields.count("distribution")) return;
    const std::string_view skipped[] = {"distribution"};
    std::map<std::string, const SiliconRow*> first;
    for (const SiliconRow& row : table.rows)
        if (row.text("distribution") == "power_law_1.01") first.emplace(fields_but(row, skipped), &row);
    for (const SiliconRow& row : table.rows) {
        if (row.text("distribution") != "power_law_1.02") continue;
        const auto at = first.find(fields_but(row, skipped));
        if (at == first.end()) continue;
        const double ratio = row.time / at->second->time;
        if (std::max(ratio, 1 / ratio) > kLuck)
            report(out, table, row, "draws-differ",
                   fmt::format("{}; alpha 1.01 takes {}", to_string(row.time), to_string(at->second->time)),
                   false);
    }
}

void same_numbers(std::span<const SiliconTable> tables, Findings& out) {
    for (std::size_t i = 0; i < tables.size(); ++i)
        for (std::size_t j = i + 1; j < tables.size(); ++j)
            if (tables[i].family == tables[j].family && tables[i].gpu != tables[j].gpu &&
                tables[i].implementation == tables[j].implementation)
                compare(tables[i], tables[j], out);
}

}  // namespace isobath::lint
