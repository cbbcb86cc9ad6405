// The library itself, loaded as the CUDA driver and NVTX load it.
#ifdef ISOBATH_ATTACH_LIBRARY

#include <algorithm>
#include <cstdlib>
#include <string>

#include <dlfcn.h>
#include <nvtx3/nvToolsExt.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/catch.h"

namespace {

/// Runs `work` in a process of its own and returns its exit code and what it said on stderr.
template <class Work>
std::pair<int, std::string> apart(const Work& work) {
    int pipes[2];
    REQUIRE(pipe(pipes) == 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(pipes[1], STDERR_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        _exit(work());
    }
    close(pipes[1]);
    std::string said;
    char bytes[256];
    for (ssize_t n = 0; (n = read(pipes[0], bytes, sizeof bytes)) > 0;) said.append(bytes, std::size_t(n));
    close(pipes[0]);
    int status = 0;
    waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, said};
}

bool has_driver() {
    return dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL) != nullptr;
}

}  // namespace

TEST_CASE("attach: without a driver the library says so in one line and the program goes on",
          "[profiler][attach]") {
    if (has_driver()) {
        WARN("skipped: this machine has a CUDA driver");
        return;
    }
    const auto [code, said] = apart([] {
        void* library = dlopen(ISOBATH_ATTACH_LIBRARY, RTLD_NOW | RTLD_LOCAL);
        if (!library) return 9;
        const auto start = reinterpret_cast<int (*)()>(dlsym(library, "InitializeInjection"));
        return start && start() == 1 && start() == 1 ? 0 : 8;
    });
    CHECK(code == 0);
    CHECK_THAT(said, Catch::StartsWith("isobath-attach: nothing is recorded: "));
    CHECK(std::count(said.begin(), said.end(), '\n') == 1);
}

TEST_CASE("attach: NVTX hands its ranges to the library", "[profiler][attach]") {
    const auto [code, said] = apart([] {
        setenv("NVTX_INJECTION64_PATH", ISOBATH_ATTACH_LIBRARY, 1);
        const nvtxDomainHandle_t domain = nvtxDomainCreateA("flashinfer");
        nvtxEventAttributes_t event{};
        event.version     = NVTX_VERSION;
        event.size        = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
        event.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
        event.message.registered =
            nvtxDomainRegisterStringA(domain, "{\"kernel\": \"copy\", \"bytes\": 1024}");
        // NVTX alone answers -2 to every push and pop: only a tool counts levels.
        if (nvtxRangePushA("step") != 0 || nvtxRangePushA("layer") != 1) return 1;
        if (nvtxDomainRangePushEx(domain, &event) != 0) return 2;
        if (nvtxDomainRangePop(domain) != 0) return 3;
        if (nvtxRangePop() != 1 || nvtxRangePop() != 0 || nvtxRangePop() != -1) return 4;
        return 0;
    });
    CHECK(code == 0);
    CHECK(said.empty());
}

#endif
