/// Emulated shared memory that notices accesses out of range, misaligned, too early, or unordered.
///
/// Order is that of vector clocks, one entry per warp: a barrier joins the clocks of its warps. Two accesses
/// to a word from different warps, one of them a write, with no barrier between are a race, in whatever order
/// they happened to run. (FastTrack, Flanagan and Freund, 2009, with every read kept.)
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace isobath::simt {

struct Fault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

using Shared = std::uint32_t;

inline constexpr int kMaxWarps = 32;
using Clock                    = std::array<std::uint32_t, kMaxWarps>;

class SharedMemory {
  public:
    /// Every byte is 0xFF: NaN in FP32, BF16 and E4M3.
    SharedMemory(std::size_t bytes, int warps)
        : bytes_(bytes, 0xFF),
          words_((bytes + 3) / 4),
          read_(words_.size() * std::size_t(warps)),
          warps_(warps) {
        for (int w = 0; w < warps; ++w) clocks_[w][w] = 1;
    }

    void read(int warp, Shared at, void* to, std::size_t size) {
        check_range(at, size, "read");
        for (std::size_t w = at / 4; w <= (at + size - 1) / 4; ++w) note_read(w, warp, at);
        std::memcpy(to, bytes_.data() + at, size);
    }

    void write(int warp, Shared at, const void* from, std::size_t size) {
        check_range(at, size, "write");
        for (std::size_t w = at / 4; w <= (at + size - 1) / 4; ++w) note_write(w, warp, at, false);
        std::memcpy(bytes_.data() + at, from, size);
    }

    /// A copy has started: until it lands nobody may read or write there.
    void start_copy(int warp, Shared at, std::size_t size) {
        check_range(at, size, "copy");
        for (std::size_t w = at / 4; w < (at + size) / 4; ++w) {
            note_write(w, warp, at, false);
            words_[w].copying = true;
        }
        std::memset(bytes_.data() + at, 0xFF, size);
    }

    void land_copy(int warp, Shared at, const void* from, std::size_t size) {
        for (std::size_t w = at / 4; w < (at + size) / 4; ++w) note_write(w, warp, at, true);
        std::memcpy(bytes_.data() + at, from, size);
    }

    /// A barrier of these warps: what each did before comes before what each does after.
    void join(const std::vector<int>& warps) {
        Clock all{};
        for (const int w : warps)
            for (int i = 0; i < warps_; ++i) all[i] = std::max(all[i], clocks_[w][i]);
        for (const int w : warps) {
            clocks_[w] = all;
            ++clocks_[w][w];
        }
    }

  private:
    struct Word {
        std::uint32_t written = 0;  ///< the writer's clock
        std::int16_t writer   = 0;
        bool copying          = false;
    };

    [[noreturn]] static void fault(const char* what, Shared at) { fault("", what, at); }
    [[noreturn, gnu::noinline]] static void fault(const char* access, const char* what, Shared at) {
        std::string text = access;
        text.append(what).append(" at shared address ").append(std::to_string(at));
        throw Fault(text);
    }

    void check_range(Shared at, std::size_t size, const char* what) const {
        if (at + size > bytes_.size()) fault(what, " out of range", at);
        if (at % size != 0) fault(what, " misaligned", at);
    }

    void note_read(std::size_t index, int warp, Shared at) {
        const Word& word = words_[index];
        if (word.copying) fault("read of a copy that has not been waited for", at);
        if (word.written > clocks_[warp][word.writer]) fault("race: read after write without a barrier", at);
        read_[index * std::size_t(warps_) + std::size_t(warp)] = clocks_[warp][warp];
    }

    void note_write(std::size_t index, int warp, Shared at, bool landing) {
        Word& word = words_[index];
        if (word.copying != landing) fault("write into a copy under way", at);
        if (word.written > clocks_[warp][word.writer]) fault("race: write after write without a barrier", at);
        for (int w = 0; w < warps_; ++w)
            if (w != warp && read_[index * std::size_t(warps_) + std::size_t(w)] > clocks_[warp][w])
                fault("race: write after read without a barrier", at);
        word.copying = false;
        word.writer  = std::int16_t(warp);
        word.written = clocks_[warp][warp];
    }

    std::vector<unsigned char> bytes_;
    std::vector<Word> words_;
    std::vector<std::uint32_t> read_;  ///< per word and warp, the warp's clock when it read last
    int warps_;
    std::array<Clock, kMaxWarps> clocks_{};
};

}  // namespace isobath::simt
