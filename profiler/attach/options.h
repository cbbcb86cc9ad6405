/// The words of `isobath-calibrate attach`.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "profiler/attach/environment.h"

namespace isobath::attach {

struct Options {
    Wishes wishes;
    std::string rows;     ///< where to write measured rows; empty: nowhere
    std::string library;  ///< empty: the one beside this program
    bool help = false;
    std::vector<std::string> command;
};

/// The user's words are wrong; the message says how and what is allowed.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Options end at "--" or at the first word that is none. Throws UsageError.
Options parse_options(std::span<const std::string> words);

extern const char* const kUsage;

}  // namespace isobath::attach
