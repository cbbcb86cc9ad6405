/// What a user gets on hardware that nobody measured: shares of peak of other GPUs on this one's data sheet.
#pragma once

#include <string>
#include <vector>

#include "hw/data.h"
#include "sim/validate/summary.h"
#include "sim/validate/table.h"

namespace isobath {

/// One kernel family of the GPU that is left out.
struct CarriedRow {
    std::string family;
    Summary own;      ///< by the GPU's own calibration
    Summary carried;  ///< by the geometric mean of the others', Source::assumed
};

/// H200's points of silicon tables, with H100's and B200's calibrations beside its own; by family.
std::vector<CarriedRow> carried_rows(const std::vector<PointResult>& results, const DataFiles& data);

ReportTable carried_table(const std::vector<CarriedRow>& rows);

}  // namespace isobath
