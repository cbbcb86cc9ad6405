#include "profiler/attach/run_command.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace isobath::attach {
namespace {

volatile std::sig_atomic_t running_child = 0;

void pass_on(int signal) {
    if (running_child > 0) kill(running_child, signal);
}

/// What some signals do while this lives.
class Signals {
  public:
    Signals() {
        for (const int signal : {SIGINT, SIGQUIT}) set(signal, SIG_IGN);
        for (const int signal : {SIGTERM, SIGHUP}) set(signal, pass_on);
    }
    ~Signals() { restore(); }
    Signals(const Signals&)            = delete;
    Signals& operator=(const Signals&) = delete;

    void restore() const {
        for (const auto& [signal, before] : before_) sigaction(signal, &before, nullptr);
    }

  private:
    void set(int signal, void (*handler)(int)) {
        struct sigaction now {};
        now.sa_handler = handler;
        sigemptyset(&now.sa_mask);
        sigaction(signal, &now, &before_[signal]);
    }
    std::map<int, struct sigaction> before_;
};

[[noreturn]] void become(std::vector<char*>& words, const std::map<std::string, std::string>& environment) {
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    execvp(words.front(), words.data());
    const int why = errno;
    dprintf(STDERR_FILENO, "isobath-calibrate attach: %s: %s\n", words.front(), std::strerror(why));
    _exit(why == ENOENT ? 127 : 126);
}

int wait_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return 1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

int run_command(std::span<const std::string> words, const std::map<std::string, std::string>& environment) {
    std::vector<std::string> copy(words.begin(), words.end());
    std::vector<char*> pointers;
    for (std::string& word : copy) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    const Signals signals;
    const pid_t child = fork();
    if (child < 0) return 126;
    if (child == 0) {
        signals.restore();
        become(pointers, environment);
    }
    running_child  = child;
    const int code = wait_for(child);
    running_child  = 0;
    return code;
}

}  // namespace isobath::attach
