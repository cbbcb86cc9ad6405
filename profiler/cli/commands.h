/// The commands of isobath-calibrate. Each takes the words behind its name and returns the exit code: 0 done,
/// 2 the user's mistake; what is wrong with the words is thrown as SpecError or by Boost.Program_options.
#pragma once

#include <string>
#include <vector>

namespace isobath {

using Words = std::vector<std::string>;

int command_list(const Words& words);
int command_run(const Words& words);
int command_summary(const Words& words);

}  // namespace isobath
