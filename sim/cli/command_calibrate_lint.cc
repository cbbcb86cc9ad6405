#include <map>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "model/calibrate/lint.h"
#include "sim/cli/calibrate.h"

namespace isobath::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMostShown = 10;  ///< rows of one file that break the same rule

/// How many rows of each file break each rule.
using Counts = std::map<std::string, std::map<std::string, int>>;

Counts counts_of(const std::vector<LintFinding>& findings) {
    Counts out;
    for (const LintFinding& one : findings) ++out[one.file][one.rule];
    return out;
}

std::map<std::string, std::size_t> rows_by_file(const std::vector<SiliconTable>& tables) {
    std::map<std::string, std::size_t> out;
    for (const SiliconTable& table : tables) out[table.file] += table.rows.size();
    return out;
}

std::size_t rows_of(const std::vector<SiliconTable>& tables) {
    std::size_t rows = 0;
    for (const SiliconTable& table : tables) rows += table.rows.size();
    return rows;
}

Json json_of(const LintFinding& one) {
    return {{"rule", one.rule},     {"gpu", one.gpu}, {"file", one.file}, {"line", one.line},
            {"family", one.family}, {"key", one.key}, {"what", one.what}, {"left_out", one.left_out}};
}

Json json_of(const std::vector<SiliconTable>& tables, const std::vector<LintFinding>& findings) {
    Json out{{"schema", 1}, {"rows", rows_of(tables)}, {"findings", Json::array()}};
    for (const LintFinding& one : findings) out["findings"].push_back(json_of(one));
    return out;
}

std::string counts_text(const std::vector<SiliconTable>& tables, const std::vector<LintFinding>& findings) {
    const auto rows  = rows_by_file(tables);
    std::string text = fmt::format("  {:<48} {:>6}  {}\n", "file", "rows", "of which break a rule");
    for (const auto& [file, rules] : counts_of(findings)) {
        text += fmt::format("  {:<48} {:>6} ", file, rows.at(file));
        for (const auto& [rule, count] : rules) text += fmt::format(" {} {}", count, rule);
        text += "\n";
    }
    return text;
}

std::string line_of(const LintFinding& one) {
    return fmt::format("{}:{}: {}{}: {}\n    {}\n", one.file, one.line, one.rule,
                       one.left_out ? "" : " (kept)", one.what, one.key);
}

/// The first few rows of each file and rule, and how many there are besides.
std::string rows_text(const std::vector<LintFinding>& findings) {
    Counts shown;
    std::string text;
    for (const LintFinding& one : findings)
        if (++shown[one.file][one.rule] <= kMostShown) text += line_of(one);
    for (const auto& [file, rules] : shown)
        for (const auto& [rule, count] : rules)
            if (count > kMostShown)
                text += fmt::format("{}: {}: {} more; --json lists them\n", file, rule, count - kMostShown);
    return text;
}

std::string text_of(const std::vector<SiliconTable>& tables, const std::vector<LintFinding>& findings) {
    return fmt::format("{} times in {} files; {} rows break a rule\n", rows_of(tables),
                       rows_by_file(tables).size(), findings.size()) +
           (findings.empty() ? "" : counts_text(tables, findings) + "\n" + rows_text(findings));
}

}  // namespace

int calibrate_lint(const Call& call, const Flags& flags) {
    if (!flags.has("silicon"))
        throw SpecError("isobath calibrate lint: --silicon DIR is missing; it names a folder of CSV tables");
    const DataFiles data  = flags.data();
    const std::string dir = flags.text("silicon");
    const auto tables     = flags.has("gpu") ? read_silicon(dir, flags.text("gpu")) : read_silicon(dir);
    const auto findings   = lint_silicon(tables, [&](const std::string& gpu) { return load_gpu(data, gpu); });
    write_out(call, flags,
              flags.has("json") ? json_of(tables, findings).dump(2) + "\n" : text_of(tables, findings));
    return kDone;
}

}  // namespace isobath::cli
