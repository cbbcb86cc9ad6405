#include "tests/profiler/simt/emulator.h"

#include "tests/catch.h"

using namespace isobath::simt;
using isobath::kernels::Bf16;
using isobath::kernels::E4m3;
using isobath::kernels::to_bf16;
using isobath::kernels::to_e4m3;
using isobath::kernels::to_float;

TEST_CASE("simt: e4m3 keeps each of its 254 numbers and rounds halfway to even", "[profiler][simt]") {
    for (int i = 0; i < 256; ++i) {
        const E4m3 x{std::uint8_t(i)};
        if ((i & 0x7F) != 0x7F) CHECK(to_e4m3(to_float(x)).bits == i);
    }
    // Steps are 2^-9 below 2^-6; 1/8 of the power of two above: 1 .. 1.125 .. 1.25.
    CHECK(to_float(to_e4m3(1.0625F)) == 1.0F);
    CHECK(to_float(to_e4m3(1.1875F)) == 1.25F);
    CHECK(to_float(to_e4m3(0x1p-10F)) == 0.0F);
    CHECK(to_float(to_e4m3(0x3p-10F)) == 0x1p-8F);
    CHECK(to_float(to_e4m3(1000.0F)) == 448.0F);
    CHECK(to_float(to_e4m3(-447.0F)) == -448.0F);
}

TEST_CASE("simt: bf16 rounds halfway to even", "[profiler][simt]") {
    // One step above 1 is 2^-7.
    CHECK(to_float(to_bf16(1 + 0x1p-8F)) == 1.0F);
    CHECK(to_float(to_bf16(1 + 0x3p-8F)) == 1 + 0x1p-6F);
    CHECK(to_float(Bf16{0x3F80}) == 1.0F);
}

namespace {

/// Each warp writes its number, all wait (or not), each reads its neighbour's.
void pass_on(bool with_barrier, int* out) {
    store_shared<int>(Shared(thread() * 4), thread());
    if (with_barrier) barrier();
    out[thread()] = load_shared<int>(Shared((thread() ^ 32) * 4));
}

void run_copy(bool waits, Order order) {
    alignas(16) unsigned char source[32 * 16] = {};
    emulate({.threads = 32, .shared = 512, .order = order}, [&] {
        copy_async(Shared(thread() * 16), source + thread() * 16, true);
        copy_commit();
        if (waits) copy_wait<0>();
        barrier();
        load_shared<int>(Shared((thread() ^ 1) * 16));
        copy_wait<0>();
    });
}

}  // namespace

TEST_CASE("simt: a missing barrier is a fault in either order of warps", "[profiler][simt]") {
    for (const Order order : {Order::forward, Order::reversed}) {
        int out[64];
        emulate({.threads = 64, .shared = 256, .order = order}, [&] { pass_on(true, out); });
        CHECK(out[5] == 37);
        CHECK_THROWS_WITH(
            emulate({.threads = 64, .shared = 256, .order = order}, [&] { pass_on(false, out); }),
            Catch::Contains("without a barrier"));
    }
}

TEST_CASE("simt: a barrier of 32 threads does not order the other warp", "[profiler][simt]") {
    CHECK_THROWS_WITH(emulate({.threads = 64, .shared = 256},
                              [&] {
                                  store_shared<int>(Shared(thread() * 4), 1);
                                  barrier(1 + thread() / 32, 32);
                                  load_shared<int>(Shared((thread() ^ 32) * 4));
                              }),
                      Catch::Contains("without a barrier"));
}

TEST_CASE("simt: a copy may be read only after it was waited for", "[profiler][simt]") {
    CHECK_NOTHROW(run_copy(true, Order::forward));
    CHECK_THROWS_WITH(run_copy(false, Order::forward), Catch::Contains("has not been waited for"));
    CHECK_THROWS_WITH(run_copy(false, Order::reversed), Catch::Contains("has not been waited for"));
}

TEST_CASE("simt: addresses out of range, misaligned rows and lone lanes are faults", "[profiler][simt]") {
    const Launch one{.threads = 32, .shared = 512};
    CHECK_THROWS_WITH(emulate(one, [] { load_shared<int>(Shared(512)); }), Catch::Contains("out of range"));
    CHECK_THROWS_WITH(emulate(one,
                              [] {
                                  std::uint32_t r[4];
                                  load_matrix(r, Shared(thread() * 8));
                              }),
                      Catch::Contains("misaligned"));
    CHECK_THROWS_WITH(emulate(one, [] { thread() < 31 ? (void)shuffle_xor(1, 1) : void(); }),
                      Catch::Contains("waits for ever"));
    CHECK_THROWS_WITH(emulate(one, [] { thread() < 31 ? (void)shuffle_xor(1, 1) : (void)ballot(true); }),
                      Catch::Contains("a warp meets in"));
}

TEST_CASE("simt: what was never written reads as NaN", "[profiler][simt]") {
    emulate({.threads = 32, .shared = 128}, [] {
        const float x = load_shared<float>(Shared(thread() * 4));
        if (x == x) throw Fault("a number");
    });
}

TEST_CASE("simt: identity times b is b, through ldmatrix and mma", "[profiler][simt]") {
    // a = identity of 16 rows; b[k][n] = 10 k + n, stored as rows of n (k contiguous) as mma's "col" wants
    // it.
    float got[16][8];
    emulate({.threads = 32, .shared = 1024}, [&] {
        for (int i = thread(); i < 256; i += 32)
            if (i % 2 == 0) {
                const float low = i / 16 == i % 16 ? 1.0F : 0.0F, high = i / 16 == i % 16 + 1 ? 1.0F : 0.0F;
                store_shared(Shared(i * 2), pack_bf16(low, high));
                const int n = i / 16 % 8, k = i % 16;
                if (i < 128)
                    store_shared(Shared(512 + i * 2), pack_bf16(float(10 * k + n), float(10 * (k + 1) + n)));
            }
        if (thread() < 32) barrier();
        std::uint32_t a[4], b[4];
        const int l = thread();
        load_matrix(a, Shared(l % 16 * 32 + l / 16 * 16));
        load_matrix(b, Shared(512 + l % 8 * 32 + l / 8 % 2 * 16));
        float d[4] = {};
        multiply_bf16(d, a, b[0], b[1]);
        for (int i = 0; i < 4; ++i) got[l / 4 + i / 2 * 8][l % 4 * 2 + i % 2] = d[i];
    });
    for (int k = 0; k < 16; ++k)
        for (int n = 0; n < 8; ++n) CHECK(got[k][n] == to_float(to_bf16(float(10 * k + n))));
}
