#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <unistd.h>

#include "sim/cli/command.h"

int main(int argc, char** argv) {
    const bool colour = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
    return isobath::cli::run_main({argv + 1, argv + argc}, std::cout, std::cerr, colour);
}
