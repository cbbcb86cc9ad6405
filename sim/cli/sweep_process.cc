// What `isobath sweep` asks of its process: signals, the terminal, the launcher, the clock.
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string_view>

#include <sys/resource.h>
#include <unistd.h>

#include "sim/cli/sweep_command.h"
#include "sim/sweep/report.h"

namespace isobath::cli {
namespace {

std::atomic<bool> stop{false};
volatile std::sig_atomic_t came = 0;

void note(int signal) {
    came = signal;
    stop.store(true);
}

std::optional<std::size_t> number_in(const char* variable) {
    const char* text = std::getenv(variable);
    if (text == nullptr) return {};
    const std::string_view word(text);
    std::size_t n           = 0;
    const auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), n);
    return wrong == std::errc() && end == word.data() + word.size() ? std::optional(n) : std::nullopt;
}

}  // namespace

StopFlag::StopFlag() {
    stop = false;
    came = 0;
    std::signal(SIGINT, note);
    std::signal(SIGTERM, note);
}

StopFlag::~StopFlag() {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
}

const std::atomic<bool>* StopFlag::flag() const {
    return &stop;
}

void StopFlag::pass_on() {
    if (came == 0) return;
    std::signal(came, SIG_DFL);
    std::raise(came);
}

std::optional<Launched> launched_as() {
    // A batch script has SLURM_PROCID too, though srun did not start it: only what PMI sets tells a rank.
    for (const auto& [rank, size] : {std::pair{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                     {"PMI_RANK", "PMI_SIZE"},
                                     {"PMIX_RANK", "SLURM_STEP_NUM_TASKS"}}) {
        const auto r = number_in(rank), n = number_in(size);
        if (r && n && *r < *n) return Launched{*r, *n};
    }
    return {};
}

ProgressLine::ProgressLine(std::ostream& err)
    : err_(&err == &std::cerr && isatty(STDERR_FILENO) ? &err : nullptr) {}

ProgressLine::~ProgressLine() {
    if (shown_) *err_ << "\r\033[K" << std::flush;
}

void ProgressLine::show(const sweep::Progress& progress) {
    if (err_ == nullptr || progress.seconds < 1) return;
    *err_ << "\r\033[K" << sweep::to_text(progress) << std::flush;
    shown_ = true;
}

std::string timing_of(const sweep::Progress& progress, double wall_s) {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds       = [](const timeval& t) { return double(t.tv_sec) + 1e-6 * double(t.tv_usec); };
    const std::size_t points = progress.evaluated + progress.excluded;
    const nlohmann::json out{{"wall_s", wall_s},
                             {"cpu_s", seconds(used.ru_utime) + seconds(used.ru_stime)},
                             {"resident_bytes", 1024.0 * double(used.ru_maxrss)},
                             {"points", points},
                             {"points_per_s", double(points) / progress.seconds}};
    return out.dump(2) + "\n";
}

}  // namespace isobath::cli
