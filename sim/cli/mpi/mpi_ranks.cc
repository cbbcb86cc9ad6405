#include "sim/cli/mpi/mpi_ranks.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>

#include <mpi.h>

namespace isobath::cli {
namespace {

void check(int code, const char* what) {
    if (code != MPI_SUCCESS) throw std::runtime_error(std::string("MPI: cannot ") + what);
}

/// Threads take turns: MPI was asked for no more than that.
std::mutex& mpi() {
    static std::mutex mutex;
    return mutex;
}

/// One number on rank 0 that every rank reads and raises in one step, while nobody waits for anybody.
class CounterBlocks : public sweep::BlockSource {
  public:
    explicit CounterBlocks(std::size_t blocks) : blocks_(blocks) {
        MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
        MPI_Comm_size(MPI_COMM_WORLD, &size_);
        const MPI_Aint bytes = rank_ == 0 ? sizeof(long long) : 0;
        check(MPI_Win_allocate(bytes, sizeof(long long), MPI_INFO_NULL, MPI_COMM_WORLD, &base_, &window_),
              "share a counter");
        // The counter is set under a lock, and seen by all after the barrier.
        MPI_Win_lock_all(0, window_);
        if (rank_ == 0) *base_ = 0;
        MPI_Win_sync(window_);
        MPI_Barrier(MPI_COMM_WORLD);
    }
    ~CounterBlocks() override {
        MPI_Win_unlock_all(window_);
        MPI_Win_free(&window_);
    }
    CounterBlocks(const CounterBlocks&)            = delete;
    CounterBlocks& operator=(const CounterBlocks&) = delete;

    std::optional<std::size_t> next() override {
        const std::lock_guard lock(mpi());
        const long long one = 1;
        long long block     = 0;
        check(MPI_Fetch_and_op(&one, &block, MPI_LONG_LONG, 0, 0, MPI_SUM, window_), "take a block");
        check(MPI_Win_flush(0, window_), "take a block");
        last_ = static_cast<std::size_t>(block);
        if (last_ >= blocks_) return {};
        return last_;
    }

    double share() const override { return std::min(1.0, double(last_) / double(blocks_)); }

    /// Lets rank 0 answer others while its threads compute: not every network does that by itself.
    void poll() override {
        if (rank_ != 0) return;
        const std::unique_lock lock(mpi(), std::try_to_lock);
        int ignored = 0;
        if (lock) MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &ignored, MPI_STATUS_IGNORE);
    }

    std::string shard() const override {
        return "rank" + std::to_string(rank_ + 1) + "of" + std::to_string(size_);
    }

  private:
    std::size_t blocks_;
    std::atomic<std::size_t> last_{0};
    int rank_ = 0, size_ = 1;
    long long* base_ = nullptr;
    MPI_Win window_  = MPI_WIN_NULL;
};

class MpiRanks : public sweep::Ranks {
  public:
    MpiRanks() {
        int given = 0;
        check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &given), "start");
        if (given < MPI_THREAD_SERIALIZED) throw std::runtime_error("MPI: this library knows no threads");
        MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
        MPI_Comm_size(MPI_COMM_WORLD, &size_);
    }
    ~MpiRanks() override { MPI_Finalize(); }
    MpiRanks(const MpiRanks&)            = delete;
    MpiRanks& operator=(const MpiRanks&) = delete;

    int rank() const override { return rank_; }
    int size() const override { return size_; }
    std::unique_ptr<sweep::BlockSource> blocks(std::size_t count) override {
        return std::make_unique<CounterBlocks>(count);
    }
    void meet() override { check(MPI_Barrier(MPI_COMM_WORLD), "meet"); }

  private:
    int rank_ = 0, size_ = 1;
};

}  // namespace

std::unique_ptr<sweep::Ranks> start_ranks() {
    return std::make_unique<MpiRanks>();
}

void abort_ranks(int code) {
    MPI_Abort(MPI_COMM_WORLD, code);
    std::abort();
}

}  // namespace isobath::cli
