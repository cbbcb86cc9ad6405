/// How far a long computation has come, on a terminal.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <mutex>
#include <string>

namespace isobath::cli {

/// Writes one line again and again, five times a second, once a second has passed; takes it away at its end.
/// May be told from several threads.
class Progress {
  public:
    using Clock = std::chrono::steady_clock;
    /// `on`: whether `err` is a terminal that wants it.
    Progress(std::ostream& err, bool on);
    ~Progress();
    Progress(const Progress&)            = delete;
    Progress& operator=(const Progress&) = delete;

    /// `line` is asked for only when it is time to show it; it is given the seconds since the start.
    void tell(const std::function<std::string(double seconds)>& line);

    /// Whether standard error is a terminal and `err` writes there.
    static bool wanted(const std::ostream& err);

  private:
    std::ostream& err_;
    bool on_;
    bool shown_ = false;
    Clock::time_point start_, next_;
    std::mutex mutex_;
};

/// "1 min 20 s", for what is left.
std::string left_over(double seconds);

}  // namespace isobath::cli
