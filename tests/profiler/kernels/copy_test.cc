#include "tests/profiler/simt/emulator.h"
//
#include "profiler/kernels/copy.cuh"
#include "tests/catch.h"
#include "tests/profiler/kernels/made_up.h"

using namespace isobath::kernels;
using isobath::simt::emulate;

TEST_CASE("copy: every byte arrives, whatever the tail", "[profiler][kernels]") {
    for (const int chunks : {1, 511, 4 * 2 * 512, 4 * 2 * 512 + 700}) {
        const Buffer<float> from = random_float(std::size_t(chunks) * 4, 1);
        Buffer<float> to(from.size());
        emulate({.grid_x = 2, .threads = 512}, [&] { copy_kernel(chunks, from.data(), to.data()); });
        CHECK(std::memcmp(from.data(), to.data(), from.size() * 4) == 0);
    }
}

TEST_CASE("read: sums are those of all words, once per round", "[profiler][kernels]") {
    const int chunks = 8 * 2 * 512 + 100;
    Buffer<std::uint32_t> from(std::size_t(chunks) * 4);
    std::uint32_t expected = 0;
    for (std::size_t i = 0; i < from.size(); ++i) expected += from[i] = std::uint32_t(i * 2654435761U);
    Buffer<std::uint32_t> sums(2);
    emulate({.grid_x = 2, .threads = 512, .shared = 64},
            [&] { read_kernel(chunks, from.data(), sums.data()); });
    CHECK(sums[0] + sums[1] == expected);
    emulate({.grid_x = 2, .threads = 512, .shared = 64},
            [&] { read_l2_kernel(chunks, 3, from.data(), sums.data()); });
    CHECK(sums[0] + sums[1] == 3 * expected);
}

TEST_CASE("holder: copies at least once and leaves when told or late", "[profiler][kernels]") {
    const Buffer<float> from = random_float(4096, 2);
    Buffer<float> to(from.size());
    unsigned long long rounds[2] = {};
    for (const int stop : {1, 0}) {
        emulate({.grid_x = 2, .threads = 512, .shared = 4}, [&] {
            holder_kernel(1024, from.data(), to.data(), &stop, stop == 1 ? 1'000'000'000U : 0U, rounds);
        });
        CHECK(rounds[0] == 1);
        CHECK(std::memcmp(from.data(), to.data(), from.size() * 4) == 0);
    }
}

TEST_CASE("gate: a closed gate opens by itself when its time is over", "[profiler][kernels]") {
    const int open    = 0;
    const auto before = isobath::simt::nanoseconds();
    emulate({}, [&] { gate_kernel(&open, 1'000'000); });
    CHECK(isobath::simt::nanoseconds() - before >= 1'000'000);
}
