#include "sim/cli/interrupt.h"

#include <pthread.h>

namespace isobath::cli {
namespace {

volatile std::sig_atomic_t noted = 0;

extern "C" void note_interrupt(int) {
    noted = 1;
}

}  // namespace

Interrupt::Interrupt() {
    noted = 0;
    sigaction(SIGINT, nullptr, &before_);
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked_before_);
    if (before_.sa_handler == SIG_IGN) return;
    struct sigaction ours {};
    ours.sa_handler = note_interrupt;
    ours.sa_flags   = static_cast<int>(SA_RESETHAND | SA_RESTART);
    sigaction(SIGINT, &ours, nullptr);
    installed_ = true;
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
}

Interrupt::~Interrupt() {
    if (!installed_) return;
    pthread_sigmask(SIG_SETMASK, &blocked_before_, nullptr);
    sigaction(SIGINT, &before_, nullptr);
}

bool Interrupt::asked() const {
    return noted != 0;
}

}  // namespace isobath::cli
