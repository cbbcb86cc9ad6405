#include "sim/sweep/slurm.h"

#include <algorithm>

#include <fmt/format.h>

namespace isobath::sweep {
namespace {

std::string job_name(const std::string& name) {
    std::string out = name.substr(0, 40);
    std::replace_if(
        out.begin(), out.end(),
        [](unsigned char c) { return !(c < 0x80 && (std::isalnum(c) || c == '-' || c == '_' || c == '.')); },
        '-');
    return out;
}

}  // namespace

std::string shell_word(const std::string& word) {
    constexpr const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%";
    if (!word.empty() && word.find_first_not_of(plain) == word.npos) return word;
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string slurm_script(const SlurmAsk& ask) {
    std::string command = "isobath";
    for (const std::string& word : ask.words) command += " " + shell_word(word);
    const std::string merge =
        fmt::format("isobath sweep merge {} -o {}", shell_word(ask.folder),
                    shell_word(ask.output.empty() ? ask.folder + ".sqlite" : ask.output));
    return fmt::format(R"(#!/bin/bash
#SBATCH --job-name={name}
#SBATCH --array=1-{tasks}
#SBATCH --cpus-per-task={threads}
#SBATCH --requeue
#SBATCH --open-mode=append

# Submit with: sbatch THIS_FILE. Parts lie in a folder that all nodes must see; submitting again does only what is
# missing. When all tasks are through: {merge}
{command} --parts {folder} --threads "${{SLURM_CPUS_PER_TASK:-1}}" \
    --shard "$SLURM_ARRAY_TASK_ID/{tasks}"
code=$?
# Killed: queue it again, five times at most. The user's mistake (2) would only be made again.
if [ "$code" -gt 128 ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt 5 ]; then
    scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"
fi
exit "$code"
)",
                       fmt::arg("name", job_name(ask.name)), fmt::arg("tasks", ask.tasks),
                       fmt::arg("threads", ask.threads), fmt::arg("merge", merge),
                       fmt::arg("command", command), fmt::arg("folder", shell_word(ask.folder)));
}

}  // namespace isobath::sweep
