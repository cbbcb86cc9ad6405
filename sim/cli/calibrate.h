/// The actions of `isobath calibrate`.
#pragma once

#include <string>
#include <vector>

#include "sim/cli/flags.h"

namespace isobath::cli {

int calibrate_fit(const Call&, const Flags&, const std::vector<std::string>& files);
int calibrate_import(const Call&, const Flags&);
int calibrate_show(const Call&, const Flags&, const std::vector<std::string>& names);

}  // namespace isobath::cli
