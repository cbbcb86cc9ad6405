#include "model/calibrate/silicon_import.h"

#include <algorithm>
#include <set>

namespace isobath {
namespace {

std::size_t rows_of(const std::vector<SiliconTable>& tables) {
    std::size_t rows = 0;
    for (const SiliconTable& table : tables) rows += table.rows.size();
    return rows;
}

std::size_t held_back_in(const std::vector<SiliconTable>& tables) {
    std::ptrdiff_t rows = 0;
    for (const SiliconTable& table : tables)
        rows += std::count_if(table.rows.begin(), table.rows.end(),
                              [](const SiliconRow& row) { return row.held_back; });
    return std::size_t(rows);
}

std::size_t files_of(const std::vector<SiliconTable>& tables) {
    std::set<std::string> files;
    for (const SiliconTable& table : tables) files.insert(table.file);
    return files.size();
}

}  // namespace

SiliconImport import_silicon(const DataFiles& data, const std::filesystem::path& folder_or_file,
                             const std::string& gpu) {
    const std::vector<SiliconTable> own = read_silicon(folder_or_file, gpu);
    const bool folder                   = std::filesystem::is_directory(folder_or_file);
    SiliconImport out;
    out.findings = lint_silicon(folder ? read_silicon(folder_or_file) : own,
                                [&](const std::string& name) { return load_gpu(data, name); });
    std::erase_if(out.findings, [&](const LintFinding& one) { return one.gpu != gpu; });
    out.tables    = without_flagged(own, out.findings);
    out.files     = files_of(own);
    out.rows      = rows_of(own);
    out.left_out  = out.rows - rows_of(out.tables);
    out.held_back = held_back_in(out.tables);
    return out;
}

}  // namespace isobath
