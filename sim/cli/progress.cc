#include "sim/cli/progress.h"

#include <algorithm>
#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

namespace isobath::cli {

using namespace std::chrono_literals;

Progress::Progress(std::ostream& err, bool on)
    : err_(err), on_(on), start_(Clock::now()), next_(start_ + 1s) {}

Progress::~Progress() {
    if (shown_) err_ << "\r\x1b[K" << std::flush;
}

void Progress::tell(const std::function<std::string(double)>& line) {
    if (!on_) return;
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (now < next_) return;
    next_  = now + 200ms;
    shown_ = true;
    err_ << "\r\x1b[K" << line(std::chrono::duration<double>(now - start_).count()) << std::flush;
}

bool Progress::wanted(const std::ostream& err) {
    return &err == &std::cerr && isatty(STDERR_FILENO) != 0;
}

std::string left_over(double seconds) {
    const auto whole = static_cast<long long>(std::clamp(seconds, 0.0, 1e9));
    if (whole < 60) return fmt::format("{} s", whole);
    return fmt::format("{} min {} s", whole / 60, whole % 60);
}

}  // namespace isobath::cli
