#include "sim/serve/prefix_cache.h"

#include <algorithm>
#include <list>
#include <numeric>
#include <random>
#include <vector>

#include "tests/catch.h"

namespace {

using namespace isobath;

using Names = std::vector<std::uint64_t>;

/// The same as lists that are searched from front to back.
struct NaiveTier {
    std::size_t capacity = 0;
    std::list<std::uint64_t> blocks;  ///< newest first

    bool holds(std::uint64_t name) const {
        return std::find(blocks.begin(), blocks.end(), name) != blocks.end();
    }
    void newest(std::uint64_t name) {
        blocks.remove(name);
        blocks.push_front(name);
    }
};

struct NaiveCache {
    NaiveTier memory;
    NaiveTier* disk = nullptr;

    PrefixCache::Hit hit(const Names& blocks) const {
        PrefixCache::Hit h;
        std::size_t i = 0;
        for (; i < blocks.size() && memory.holds(blocks[i]); ++i) ++h.memory;
        for (; disk && i < blocks.size() && disk->holds(blocks[i]); ++i) ++h.disk;
        return h;
    }
    PrefixCache::Hit lookup(const Names& blocks) {
        const PrefixCache::Hit h = hit(blocks);
        for (auto i = h.memory; i-- > 0;) memory.newest(blocks[static_cast<std::size_t>(i)]);
        for (auto i = h.memory + h.disk; i-- > h.memory;) disk->newest(blocks[static_cast<std::size_t>(i)]);
        return h;
    }
    void insert(const Names& blocks) {
        for (std::size_t i = blocks.size(); i-- > 0;) {
            memory.newest(blocks[i]);
            shrink();
        }
    }
    void shrink() {
        for (; memory.blocks.size() > memory.capacity; memory.blocks.pop_back()) {
            if (!disk) continue;
            disk->newest(memory.blocks.back());
            if (disk->blocks.size() > disk->capacity) disk->blocks.pop_back();
        }
    }
};

/// A path down a tree in which every block has two continuations: short paths meet often.
Names some_prefix(std::mt19937_64& random, std::size_t most) {
    Names out;
    std::uint64_t name = 1;
    for (std::size_t i = random() % (most + 1); i > 0; --i) out.push_back(name = 2 * name + random() % 2);
    return out;
}

bool same(PrefixCache::Hit a, PrefixCache::Hit b) {
    return a.memory == b.memory && a.disk == b.disk;
}

}  // namespace

TEST_CASE("a prefix cache and its disk hold what lists searched from front to back hold",
          "[sim][serve][prefix]") {
    for (const bool with_disk : {false, true})
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
            std::mt19937_64 random(seed);
            const auto disk = with_disk ? std::make_shared<BlockLru>(25) : nullptr;
            NaiveTier naive_disk{25, {}};
            // Two ranks with memories of their own in front of one disk.
            std::vector<PrefixCache> caches(2, PrefixCache(12, disk));
            std::vector<NaiveCache> naive(2, NaiveCache{{12, {}}, with_disk ? &naive_disk : nullptr});
            for (int i = 0; i < 4000; ++i) {
                const std::size_t rank = random() % 2;
                const Names blocks     = some_prefix(random, 9);
                switch (random() % 8) {
                    case 0:
                        naive[rank].memory.capacity = random() % 20;
                        naive[rank].shrink();
                        caches[rank].set_capacity(static_cast<std::int64_t>(naive[rank].memory.capacity));
                        break;
                    case 1: REQUIRE(same(caches[rank].peek(blocks), naive[rank].hit(blocks))); break;
                    case 2:
                    case 3:
                    case 4: REQUIRE(same(caches[rank].lookup(blocks), naive[rank].lookup(blocks))); break;
                    default: caches[rank].insert(blocks), naive[rank].insert(blocks);
                }
                REQUIRE(caches[rank].blocks() == static_cast<std::int64_t>(naive[rank].memory.blocks.size()));
                REQUIRE(caches[rank].blocks() <= caches[rank].capacity());
                if (disk) REQUIRE(disk->size() <= 25);
            }
        }
}

TEST_CASE("a prefix cache never holds a block without those before it", "[sim][serve][prefix]") {
    std::mt19937_64 random(3);
    PrefixCache cache(20);
    for (int i = 0; i < 3000; ++i) {
        const Names blocks = some_prefix(random, 10);
        cache.lookup(blocks);
        if (random() % 2) cache.insert(blocks);
        if (random() % 16 == 0) cache.set_capacity(static_cast<std::int64_t>(random() % 30));
        const Names asked = some_prefix(random, 10);
        for (std::size_t n = 1; n <= asked.size(); ++n) {
            const std::uint64_t last = asked[n - 1];
            if (cache.peek({&last, 1}).memory == 0) continue;
            REQUIRE(cache.peek(std::span(asked).first(n)).memory == static_cast<std::int64_t>(n));
        }
    }
}

TEST_CASE("of a prompt longer than memory its leading blocks are kept, and the rest is on disk",
          "[sim][serve][prefix]") {
    Names blocks(10);
    std::iota(blocks.begin(), blocks.end(), 100);
    const auto disk = std::make_shared<BlockLru>(100);
    PrefixCache cache(4, disk);
    cache.insert(blocks);
    CHECK(same(cache.lookup(blocks), {4, 6}));
    cache.set_capacity(1);
    CHECK(same(cache.lookup(blocks), {1, 9}));
    cache.insert(blocks);
    cache.set_capacity(0);
    cache.clear();
    CHECK(same(cache.lookup(blocks), {0, 10}));
    cache.set_capacity(4);
    cache.insert(blocks);
    cache.clear();  // what was in memory stays on disk, where it came from
    CHECK(same(cache.lookup(blocks), {0, 10}));
    disk->clear();
    CHECK(same(cache.lookup(blocks), {0, 0}));
}

TEST_CASE("a set of blocks keeps to memory in proportion to what it holds, however many come and go",
          "[sim][serve][prefix]") {
    // A capacity of 2^60 blocks that nobody uses costs nothing; a million names through 100 places reuse
    // them.
    BlockLru wide(std::int64_t{1} << 60), narrow(100);
    wide.insert(1);
    for (std::uint64_t i = 0; i < 1'000'000; ++i) {
        narrow.insert(i);
        const auto dropped = narrow.drop_excess();
        REQUIRE(dropped.has_value() == (i >= 100));
        if (dropped) REQUIRE(*dropped == i - 100);
    }
    for (std::uint64_t i = 0; i < 1'000'000; i += 97) CHECK(narrow.contains(i) == (i >= 999'900));
    CHECK(wide.contains(1));
}
