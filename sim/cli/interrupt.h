/// Ctrl-C as a question that a long computation may ask.
#pragma once

#include <csignal>

namespace isobath::cli {

/// While it lives, the first SIGINT is noted instead of ending the program; the second one ends it. A SIGINT
/// that was ignored or already waited for stays so, or is noted at once. One at a time.
class Interrupt {
  public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&)            = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    bool asked() const;

  private:
    struct sigaction before_ {};
    sigset_t blocked_before_{};
    bool installed_ = false;
};

}  // namespace isobath::cli
