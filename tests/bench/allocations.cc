/// Replaces operator new by one that counts; the program is single, so every allocation is seen.
#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/bench/goal.h"

namespace {
std::atomic<std::size_t> made{0};
}

std::size_t isobath::allocations() {
    return made.load(std::memory_order_relaxed);
}

void* operator new(std::size_t bytes) {
    made.fetch_add(1, std::memory_order_relaxed);
    if (void* const memory = std::malloc(bytes)) return memory;
    throw std::bad_alloc();
}

void* operator new[](std::size_t bytes) {
    return operator new(bytes);
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}
