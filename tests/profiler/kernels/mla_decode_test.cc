#include "tests/profiler/simt/emulator.h"
//
#include "profiler/kernels/mla_combine.cuh"
#include "profiler/kernels/mla_decode16.cuh"
#include "profiler/kernels/mla_decode64.cuh"
#include "tests/catch.h"
#include "tests/profiler/kernels/mla_reference.h"

using namespace isobath::kernels;
using isobath::simt::emulate;
using isobath::simt::Order;

namespace {

using Kernel = void (*)(MlaDecodeShape, MlaDecodeBuffers);

struct Choice {
    Kernel kernel;
    int bytes, tile_rows;
};
template <bool kFp8, int kStages>
constexpr Choice kNarrow{mla16::decode_kernel<kFp8, kStages>, mla16::Layout<kFp8, kStages>::kBytes, 16};
template <bool kFp8, int kTile>
constexpr Choice kWide{mla64::decode_kernel<kFp8, kTile>, mla64::Layout<kFp8, kTile>::kBytes, 64};

Buffer<Bf16> decode(const MadeUpCache& c, const Choice& choice, int blocks, Order order) {
    const MlaPlan plan = plan_mla_decode(c.contexts, blocks);
    const auto rows    = std::size_t(c.shape.rows());
    Buffer<Bf16> out(std::size_t(c.shape.batch) * rows * kLatent);
    Buffer<float> partial(std::size_t(plan.slots) * rows * kLatent), lse(std::size_t(plan.slots) * rows);
    const MlaDecodeBuffers b{c.q.data(),         c.cache.data(),    c.block_table.data(),
                             c.contexts.data(),  plan.parts.data(), plan.first_part.data(),
                             plan.splits.data(), out.data(),        partial.data(),
                             lse.data()};
    const int tiles = (c.shape.rows() + choice.tile_rows - 1) / choice.tile_rows;
    emulate({blocks, tiles, kMlaThreads, std::size_t(choice.bytes), order},
            [&] { choice.kernel(c.shape, b); });
    emulate(
        {.grid_x = int(rows), .grid_y = int(plan.splits.size()), .threads = kCombineThreads, .order = order},
        [&] { mla_combine_kernel(c.shape, b); });
    return out;
}

/// P is rounded to BF16 before and the answer after it was summed: 2^-9 of sum(p |v|) <= 1.6, and 2^-9 of
/// itself.
void check(const MadeUpCache& c, const Choice& choice, int blocks) {
    const Buffer<Bf16> out = decode(c, choice, blocks, Order::forward);
    double worst           = 0;
    for (int request = 0; request < c.shape.batch; ++request)
        for (int row = 0; row < c.shape.rows(); ++row) {
            const std::vector<double> expected = attend(c, request, row);
            const std::size_t first            = std::size_t(request * c.shape.rows() + row) * kLatent;
            for (std::size_t e = 0; e < expected.size(); ++e) {
                const double off = std::abs(to_float(out[first + e]) - expected[e]);
                if (!(off <= worst)) worst = off;  // a NaN stays
            }
        }
    CHECK(worst <= 1.6 / 512 + 1.6 / 512);
    const Buffer<Bf16> again = decode(c, choice, blocks, Order::reversed);
    CHECK(std::memcmp(out.data(), again.data(), out.size() * 2) == 0);
}

}  // namespace

TEST_CASE("mla plan: every page is read once, blocks differ by at most their share", "[profiler][kernels]") {
    // Pages: 1 + 3 + 1 + 16 + 1 = 22 over 5 blocks: 5 each, the last has 2.
    const std::vector<int> contexts{1, 129, 0, 1024, 64};
    const MlaPlan plan = plan_mla_decode(contexts, 5);
    CHECK(plan.first_part.size() == 6);
    std::vector<int> next(contexts.size(), 0);
    for (int block = 0; block < 5; ++block) {
        int pages = 0;
        for (int p = plan.first_part[std::size_t(block)]; p < plan.first_part[std::size_t(block) + 1]; ++p) {
            const MlaPart& part = plan.parts[std::size_t(p)];
            CHECK(part.begin == next[std::size_t(part.request)]);
            next[std::size_t(part.request)] = part.end;
            pages += pages_of(part.end - part.begin);
        }
        CHECK(pages == (block < 4 ? 5 : 2));
    }
    CHECK(next == contexts);
    // Only the long request is shared: its first page ends block 0 and its last begins block 4 - or not at
    // all.
    REQUIRE(plan.splits.size() == 1);
    CHECK(plan.splits[0].request == 3);
    CHECK(plan.slots == plan.splits[0].count);
}

TEST_CASE("mla plan: more blocks than pages leaves blocks idle", "[profiler][kernels]") {
    const MlaPlan plan = plan_mla_decode({70}, 8);
    CHECK(plan.parts.size() == 2);
    CHECK(plan.first_part == std::vector<int>{0, 1, 2, 2, 2, 2, 2, 2, 2});
}

TEST_CASE("mla decode: 16 rows over ragged pages of BF16", "[profiler][kernels]") {
    const MadeUpCache c = make_up({1, 70, 200, 0, 64}, 1, 16, false);
    check(c, kNarrow<false, 6>, 1);
    check(c, kNarrow<false, 6>, 3);
    check(c, kNarrow<false, 4>, 8);
}

TEST_CASE("mla decode: queries of one request see one token more each; rows beyond the last are nobody's",
          "[profiler][kernels]") {
    check(make_up({1, 33, 2, 130}, 4, 4, false), kNarrow<false, 4>, 3);
    check(make_up({65, 96}, 3, 3, false), kNarrow<false, 4>, 2);
}

TEST_CASE("mla decode: 16 rows over FlashMLA's 656 bytes per token", "[profiler][kernels]") {
    const MadeUpCache c = make_up({3, 150, 97}, 2, 8, true);
    check(c, kNarrow<true, 6>, 2);
    check(c, kNarrow<true, 3>, 5);
}

TEST_CASE("mla decode: 64 rows and a tail of 16, tiles of 64 and of 32 tokens", "[profiler][kernels]") {
    const MadeUpCache c = make_up({70, 3, 129}, 2, 40, false);
    check(c, kWide<false, 64>, 2);
    check(c, kWide<false, 32>, 3);
}

TEST_CASE("mla decode: 32 rows over FlashMLA's 656 bytes per token", "[profiler][kernels]") {
    const MadeUpCache c = make_up({100, 0, 66}, 1, 32, true);
    check(c, kWide<true, 64>, 2);
    check(c, kWide<true, 32>, 1);
}
