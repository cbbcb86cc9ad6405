#include "sim/sweep/run_sweep.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "sim/sweep/parts.h"
#include "sim/sweep/record.h"
#include "sim/sweep/runner.h"

namespace isobath::sweep {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t kBatchBytes = 1 << 16;  ///< of lines, written at once
constexpr auto kBatchTime         = 200ms;    ///< a slower point's line waits no longer
constexpr auto kTick = 20ms, kSync = 1000ms, kReport = 250ms;

/// What the threads of one process share.
class Work {
  public:
    Work(const Sweep& sweep, const Space& space, const DataFiles& data, BlockSource& blocks,
         const RunAsk& ask)
        : sweep_(sweep),
          space_(space),
          data_(data),
          blocks_(blocks),
          ask_(ask),
          finished_(finished_ids({ask.folder}, sweep.columns.size())),
          part_(sweep, ask.folder, blocks.shard()) {}

    Progress run() {
        std::vector<std::thread> threads;
        running_ = std::max(1, ask_.threads);
        for (int i = 0; i < std::max(1, ask_.threads); ++i) threads.emplace_back([this] { one_thread(); });
        try {
            watch();
        } catch (...) {
            fail();
        }
        for (std::thread& t : threads) t.join();
        if (failure_) std::rethrow_exception(failure_);
        return progress();
    }

  private:
    bool stops() const { return failed_.load() || (ask_.stop && ask_.stop->load()); }

    /// Keeps the exception at hand, and lets every thread end.
    void fail() {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        failed_ = true;
    }

    void one_thread() {
        try {
            evaluate_blocks();
        } catch (...) {
            fail();
        }
        const std::lock_guard lock(mutex_);
        --running_;
        changed_.notify_all();
    }

    void evaluate_blocks() {
        const auto evaluator = sweep_.runner->make(sweep_, space_, data_);
        std::string lines;
        auto written = Clock::now();
        Place place;
        std::vector<Cell> cells(sweep_.columns.size());
        while (!stops()) {
            const auto block = blocks_.next();
            if (!block) break;
            const std::size_t end = space_.first_turn(*block + 1);
            for (std::size_t turn = space_.first_turn(*block); turn < end && !stops(); ++turn) {
                space_.place_at(turn, place);
                if (!one_point(place, *evaluator, cells, lines)) continue;
                if (lines.size() < kBatchBytes && Clock::now() - written < kBatchTime) continue;
                write(lines);
                written = Clock::now();
            }
        }
        write(lines);
    }

    bool one_point(const Place& place, Evaluator& evaluator, std::vector<Cell>& cells, std::string& lines) {
        if (std::binary_search(finished_.begin(), finished_.end(), place.id)) {
            found_.fetch_add(1, std::memory_order_relaxed);
            return false;
        }
        if (const std::string* reason = evaluator.evaluate(place, cells)) {
            append_refusal(place.id, *reason, lines);
            excluded_.fetch_add(1, std::memory_order_relaxed);
        } else {
            append_record(place.id, cells, lines);
            evaluated_.fetch_add(1, std::memory_order_relaxed);
        }
        return true;
    }

    void write(std::string& lines) {
        part_.append(lines);
        lines.clear();
    }

    /// Until the last thread ends: brings results to the disk and tells how far it is.
    void watch() {
        auto synced = Clock::now(), told = synced;
        std::unique_lock lock(mutex_);
        while (!changed_.wait_for(lock, kTick, [&] { return running_ == 0; })) {
            lock.unlock();
            blocks_.poll();
            const auto now = Clock::now();
            if (now - synced >= kSync) part_.sync(), synced = now;
            if (ask_.progress && now - told >= kReport) ask_.progress(progress()), told = now;
            lock.lock();
        }
    }

    Progress progress() const {
        const std::chrono::duration<double> passed = Clock::now() - start_;
        return {evaluated_.load(), excluded_.load(), found_.load(), passed.count(), blocks_.share()};
    }

    const Sweep& sweep_;
    const Space& space_;
    const DataFiles& data_;
    BlockSource& blocks_;
    const RunAsk& ask_;
    const std::vector<std::uint64_t> finished_;
    Part part_;
    const Clock::time_point start_ = Clock::now();
    std::atomic<std::size_t> evaluated_{0}, excluded_{0}, found_{0};
    std::atomic<bool> failed_{false};
    std::mutex mutex_;
    std::condition_variable changed_;
    int running_ = 0;
    std::exception_ptr failure_;
};

}  // namespace

Progress run_sweep(const Sweep& sweep, const Space& space, const DataFiles& data, BlockSource& blocks,
                   const RunAsk& ask) {
    return Work(sweep, space, data, blocks, ask).run();
}

}  // namespace isobath::sweep
