/// What the program says to some words: exit code and both streams, without a process.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "sim/cli/command.h"

namespace isobath {

struct Said {
    int code;
    std::string out, err;
};

inline Said say(const std::vector<std::string>& words) {
    std::ostringstream out, err;
    const int code = cli::run_main(words, out, err, false);
    return {code, out.str(), err.str()};
}

}  // namespace isobath
