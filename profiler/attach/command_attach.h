/// `isobath-calibrate attach`: runs a program and writes down which kernels it ran.
#pragma once

#include <iosfwd>
#include <string>

namespace isobath::attach {

/// `argv[0]` is "attach". Returns the command's own exit code, or 2 where the words are wrong. The program
/// keeps stdout for itself; what attaching has to say goes to stderr.
int command_attach(int argc, char** argv);

/// The library to load: `named`, ISOBATH_ATTACH_LIBRARY, beside this program, in ../lib, or where it was
/// built. Empty where none of these is there.
std::string attach_library(const std::string& named);

}  // namespace isobath::attach
