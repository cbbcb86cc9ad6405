/// Tables of what a load does beside a step: on the network, over hours, in training.
#pragma once

#include "sim/balance/balance.h"
#include "sim/validate/table.h"

namespace isobath {

// Each is empty where the answer has nothing of it.
ReportTable network_table(const Balance& balance);
ReportTable sample_table(const Balance& balance);
ReportTable drift_table(const Balance& balance);
ReportTable training_table(const Balance& balance);

}  // namespace isobath
