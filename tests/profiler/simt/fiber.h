/// A stack that can be left and come back to: one per emulated thread.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define ISOBATH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ISOBATH_ASAN 1
#endif
#endif

#ifdef ISOBATH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace isobath::simt {

#if defined(__x86_64__)
/// Keeps what a called function must keep (System V ABI), changes stacks, and returns on the other one.
/// glibc's swapcontext does the same with two system calls.
__attribute__((naked, noinline, no_sanitize("address"))) inline void switch_stack(void** /*save*/,
                                                                                  void* /*load*/) {
    asm("push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15;"
        "mov %rsp, (%rdi); mov %rsi, %rsp;"
        "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp; ret");
}
#endif

class Fiber {
  public:
    static constexpr std::size_t kStack = 256 << 10;

    Fiber() : stack_(new char[kStack]) {}

    /// The next resume() enters `entry`, which must never return.
    void prepare(void (*entry)()) {
#ifdef ISOBATH_ASAN
        __asan_unpoison_memory_region(stack_.get(), kStack);
#endif
#if defined(__x86_64__)
        auto top = (reinterpret_cast<std::size_t>(stack_.get()) + kStack) & ~std::size_t(15);
        auto** p = reinterpret_cast<void**>(top);
        *--p     = nullptr;  // the entry's return address: none
        *--p     = reinterpret_cast<void*>(entry);
        for (int saved = 0; saved < 6; ++saved) *--p = nullptr;
        here_ = p;
#else
        getcontext(&here_);
        here_.uc_stack.ss_sp   = stack_.get();
        here_.uc_stack.ss_size = kStack;
        here_.uc_link          = nullptr;
        makecontext(&here_, entry, 0);
#endif
    }

    /// From the scheduler into the fiber; returns at its next leave().
    void resume() {
#ifdef ISOBATH_ASAN
        void* fake = nullptr;
        __sanitizer_start_switch_fiber(&fake, stack_.get(), kStack);
#endif
        change(back_, here_);
#ifdef ISOBATH_ASAN
        __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
    }

    /// The first thing to do in a fiber.
    void entered() {
#ifdef ISOBATH_ASAN
        __sanitizer_finish_switch_fiber(nullptr, &outer_, &outer_size_);
#endif
    }

    /// From the fiber back to the scheduler.
    void leave() {
#ifdef ISOBATH_ASAN
        void* fake = nullptr;
        __sanitizer_start_switch_fiber(&fake, outer_, outer_size_);
#endif
        change(here_, back_);
#ifdef ISOBATH_ASAN
        __sanitizer_finish_switch_fiber(fake, &outer_, &outer_size_);
#endif
    }

  private:
    std::unique_ptr<char[]> stack_;
#ifdef ISOBATH_ASAN
    const void* outer_      = nullptr;
    std::size_t outer_size_ = 0;
#endif
#if defined(__x86_64__)
    using Context = void*;
    static void change(Context& save, Context& load) {
        switch_stack(&save, load);
    }
#else
    using Context = ucontext_t;
    static void change(Context& save, Context& load) {
        swapcontext(&save, &load);
    }
#endif
    Context here_{}, back_{};
};

}  // namespace isobath::simt
