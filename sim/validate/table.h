/// A table of a report as a value, and how it looks as text and as HTML.
#pragma once

#include <string>
#include <vector>

namespace isobath {

/// Cells hold what is shown. The first column is a name and stands left, the others stand right.
struct ReportTable {
    std::string title, note;  ///< the note says what the columns mean; may be empty
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;
};

/// Columns as wide as their widest cell. Empty if the table has no row.
std::string to_text(const ReportTable& table);
/// A <section> with heading, note and <table>. Empty if the table has no row.
std::string to_html(const ReportTable& table);

std::string percent(double share, int digits = 1);  ///< "4.2 %"

}  // namespace isobath
