// Tables that some kind of points brings along; each is one line in extra_tables().
#include "sim/validate/report.h"

namespace isobath {

std::vector<ReportTable> extra_tables(const ValidationReport&, const DataFiles&) {
    return {};
}

}  // namespace isobath
