#include "model/calibrate/lint.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "model/calibrate/lint_rules.h"
#include "model/calibrate/silicon_families.h"

namespace isobath {

namespace lint {

void report(Findings& out, const SiliconTable& table, const SiliconRow& row, const char* rule,
            std::string what, bool left_out) {
    out.push_back({rule, table.gpu, table.file, table.family, row.line, row.key, std::move(what), left_out});
}

std::string fields_but(const SiliconRow& row, std::span<const std::string_view> skipped) {
    std::string out;
    for (const auto& [column, cell] : row.fields)
        if (!is_measured(column) && !is_provenance(column) &&
            std::find(skipped.begin(), skipped.end(), column) == skipped.end())
            out.append(cell).append("|");
    return out;
}

}  // namespace lint

std::vector<LintFinding> lint_silicon(std::span<const SiliconTable> tables,
                                      const std::function<GpuSpec(const std::string&)>& spec_of) {
    std::map<std::string, GpuSpec> specs;
    std::vector<LintFinding> out;
    for (const SiliconTable& table : tables) {
        if (!specs.count(table.gpu)) specs.emplace(table.gpu, spec_of(table.gpu));
        const GpuSpec& gpu = specs.at(table.gpu);
        lint::roofline(table, gpu, out);
        lint::falls(table, out);
        lint::wider_faster(table, gpu, out);
        lint::given_twice(table, out);
        lint::other_device(table, out);
        lint::host_bound(table, out);
        lint::draws_differ(table, out);
    }
    lint::same_numbers(tables, out);
    std::sort(out.begin(), out.end(), [](const LintFinding& a, const LintFinding& b) {
        return std::tie(a.file, a.line, a.family, a.rule) < std::tie(b.file, b.line, b.family, b.rule);
    });
    return out;
}

std::vector<SiliconTable> without_flagged(std::span<const SiliconTable> tables,
                                          std::span<const LintFinding> findings) {
    std::set<std::tuple<std::string, std::string, int>> flagged;
    for (const LintFinding& one : findings)
        if (one.left_out) flagged.emplace(one.file, one.family, one.line);
    std::vector<SiliconTable> out(tables.begin(), tables.end());
    for (SiliconTable& table : out)
        std::erase_if(table.rows, [&](const SiliconRow& row) {
            return flagged.count({table.file, table.family, row.line}) > 0;
        });
    std::erase_if(out, [](const SiliconTable& table) { return table.rows.empty(); });
    return out;
}

}  // namespace isobath
