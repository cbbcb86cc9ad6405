#include <iostream>

#include "hw/spec_reader.h"
#include "profiler/cli/commands.h"
#include "profiler/progress.h"

namespace isobath {

int command_summary(const Words& words) {
    if (words.size() != 1 || words[0] == "--help") {
        std::cout << "Usage: isobath-calibrate summary FILE\n\nCounts the rows of a file by kernel and "
                     "implementation, "
                     "with the best rates and the reasons for\nskipped rows.\n\nExample:\n  "
                     "isobath-calibrate summary "
                     "rows.jsonl\n";
        return words.size() == 1 ? 0 : 2;
    }
    std::cout << summary_of(read_measurements(std::filesystem::path(words[0])));
    return 0;
}

}  // namespace isobath
