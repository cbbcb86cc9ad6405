// Replaces operator new by one that counts, for the whole test program. Not inlined: GCC 12 would take free()
// for a slip where it sees that the memory came from new.
#include "tests/allocations.h"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>

#include "tests/catch.h"

namespace {
std::atomic<std::size_t> made{0};
}

std::size_t isobath::test::allocations() {
    return made.load(std::memory_order_relaxed);
}

[[gnu::noinline]] void* operator new(std::size_t bytes) {
    made.fetch_add(1, std::memory_order_relaxed);
    if (void* const memory = std::malloc(bytes)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new[](std::size_t bytes) {
    return operator new(bytes);
}
// These too, though they would call those above: sanitizers bring their own.
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    made.fetch_add(1, std::memory_order_relaxed);
    return std::malloc(bytes);
}
[[gnu::noinline]] void* operator new[](std::size_t bytes, const std::nothrow_t& quiet) noexcept {
    return operator new(bytes, quiet);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}

TEST_CASE("allocations are counted", "[test]") {
    const std::size_t before = isobath::test::allocations();
    const auto one           = std::make_unique<int>(1);
    CHECK(isobath::test::allocations() == before + 1);
    CHECK(*one == 1);
}
