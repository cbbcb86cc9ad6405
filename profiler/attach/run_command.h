/// Runs another program to its end, as a shell would.
#pragma once

#include <map>
#include <span>
#include <string>

namespace isobath::attach {

/// The command's exit code; 128 + N where signal N ended it; 127 where there is no such program, 126 where it
/// cannot be run. Meanwhile Ctrl-C and Ctrl-\ are the command's alone (the terminal sends them to both), and
/// SIGTERM and SIGHUP are passed on to it. One such call at a time.
int run_command(std::span<const std::string> words, const std::map<std::string, std::string>& environment);

}  // namespace isobath::attach
