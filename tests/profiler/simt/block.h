/// One emulated thread block: its threads' fibers, and where they wait for each other.
#pragma once

#include <deque>
#include <exception>
#include <functional>
#include <map>

#include "tests/profiler/simt/fiber.h"
#include "tests/profiler/simt/shared_memory.h"

namespace isobath::simt {

enum class Order { forward, reversed };

struct Place {
    int block_x, block_y, grid_x, threads;
};

/// A copy under way: its source is read when it lands.
struct Copy {
    Shared to;
    const void* from;  ///< nullptr: zeros
};

struct Thread {
    Fiber* fiber                   = nullptr;
    int index                      = 0;
    bool done                      = false;
    const std::uint64_t* waits_for = nullptr;  ///< a generation, to differ from:
    std::uint64_t seen             = 0;
    std::vector<Copy> open;                ///< copies of the group not yet closed
    std::deque<std::vector<Copy>> groups;  ///< closed, not yet waited for
};

/// Where the 32 lanes of a warp meet in one instruction.
struct Meeting {
    int arrived              = 0;
    const char* what         = nullptr;
    std::uint64_t generation = 0;
    std::array<void*, 32> arguments{};
};

struct NamedBarrier {
    int arrived              = 0;
    std::uint64_t generation = 0;
    std::vector<int> warps;
};

class Block {
  public:
    Block(Place where, std::size_t shared, Order order)
        : place(where),
          memory(shared, where.threads / 32),
          order_(order),
          threads_(std::size_t(where.threads)),
          meetings_(std::size_t(where.threads) / 32) {
        if (where.threads % 32 != 0) throw Fault("a block is whole warps");
    }

    void run(const std::function<void()>& body) {
        body_            = &body;
        Block* const old = current;
        current          = this;
        start();
        while (!failure_ && step()) {
        }
        current = old;
        if (failure_) std::rethrow_exception(failure_);
        for (const Thread& t : threads_)
            if (!t.done) throw Fault("a thread waits for ever");
    }

    /// The last lane to arrive does the work for all; arguments are pointers into the lanes' stacks.
    template <class All>
    void meet(const char* what, void* arguments, const All& all) {
        Meeting& m = meetings_[thread->index / 32];
        if (m.arrived > 0 && m.what != what)
            throw Fault(std::string("a warp meets in ") + m.what + " and " + what);
        m.what                          = what;
        m.arguments[thread->index % 32] = arguments;
        if (++m.arrived < 32) return wait_for(m.generation);
        m.arrived = 0;
        all(m.arguments);
        ++m.generation;
    }

    void barrier(int name, int count) {
        NamedBarrier& b = barriers_[name];
        if (thread->index % 32 == 0) b.warps.push_back(warp());
        if (++b.arrived < count) return wait_for(b.generation);
        if (int(b.warps.size()) * 32 != count) throw Fault("a barrier needs whole warps");
        memory.join(b.warps);
        b.warps.clear();
        b.arrived = 0;
        ++b.generation;
    }

    int warp() const { return thread->index / 32; }

    Place place;
    SharedMemory memory;
    Thread* thread = nullptr;  ///< the one that runs

    static inline Block* current = nullptr;

  private:
    void start() {
        static std::vector<std::unique_ptr<Fiber>> fibers;  // stacks are reused
        while (fibers.size() < threads_.size()) fibers.push_back(std::make_unique<Fiber>());
        for (std::size_t i = 0; i < threads_.size(); ++i) {
            threads_[i].index = int(i);
            threads_[i].fiber = fibers[i].get();
            threads_[i].fiber->prepare(&Block::enter);
        }
    }

    static void enter() {
        Block& block = *current;
        Thread& me   = *block.thread;
        me.fiber->entered();
        try {
            (*block.body_)();
            if (!me.open.empty() || !me.groups.empty()) throw Fault("copies never waited for");
        } catch (...) {
            block.failure_ = std::current_exception();
        }
        me.done = true;
        for (;;) me.fiber->leave();
    }

    void wait_for(const std::uint64_t& generation) {
        thread->waits_for = &generation;
        thread->seen      = generation;
        thread->fiber->leave();
    }

    /// Runs each warp as far as it comes alone; false when nobody moved.
    bool step() {
        bool moved      = false;
        const int warps = place.threads / 32;
        for (int i = 0; i < warps; ++i) {
            const int w = order_ == Order::forward ? i : warps - 1 - i;
            while (!failure_ && step_warp(w)) moved = true;
        }
        return moved;
    }

    bool step_warp(int w) {
        bool moved = false;
        for (int i = 0; i < 32 && !failure_; ++i) {
            Thread& t = threads_[w * 32 + (order_ == Order::forward ? i : 31 - i)];
            if (t.done || (t.waits_for != nullptr && *t.waits_for == t.seen)) continue;
            t.waits_for = nullptr;
            thread      = &t;
            t.fiber->resume();
            moved = true;
        }
        return moved;
    }

    Order order_;
    std::vector<Thread> threads_;
    std::vector<Meeting> meetings_;
    std::map<int, NamedBarrier> barriers_;
    const std::function<void()>* body_ = nullptr;
    std::exception_ptr failure_;
};

}  // namespace isobath::simt
