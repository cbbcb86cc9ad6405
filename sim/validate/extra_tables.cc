// Tables that some kind of points brings along; each is one line in extra_tables().
#include "sim/validate/served_summary.h"

namespace isobath {

std::vector<ReportTable> extra_tables(const ValidationReport& report, const DataFiles& data) {
    return {served_table(report, data)};
}

}  // namespace isobath
