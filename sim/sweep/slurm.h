/// A Slurm array that runs a sweep: each task a shard, any of which may die and be run again.
#pragma once

#include <string>
#include <vector>

namespace isobath::sweep {

struct SlurmAsk {
    std::string name;
    std::vector<std::string> words;  ///< the command without --slurm: "sweep", "grid.json", ...
    std::string folder, output;      ///< of the parts; of the merged file, or empty
    int tasks = 8, threads = 8;
};

/// A word as a POSIX shell takes it.
std::string shell_word(const std::string& word);

/// The script. A task that was killed (exit code above 128) is queued again, at most five times; a task whose
/// file or flags are wrong is not.
std::string slurm_script(const SlurmAsk& ask);

}  // namespace isobath::sweep
