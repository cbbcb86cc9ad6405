#include "profiler/attach/thread_ranges.h"

#include <chrono>

#include "profiler/attach/range_stack.h"

namespace isobath::attach {
namespace {

using Clock = std::chrono::steady_clock;

std::atomic<void (*)()> first_range_call{nullptr};
std::atomic<std::int64_t> spent_ns{0};

RangeStack& stack() {
    thread_local RangeStack mine;
    return mine;
}

/// Adds the time of its life.
struct Spent {
    Clock::time_point begun = Clock::now();
    ~Spent() {
        const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begun);
        spent_ns.fetch_add(took.count(), std::memory_order_relaxed);
    }
};

}  // namespace

RangeTable& range_table() {
    static RangeTable& table = *new RangeTable;
    return table;
}

int push_range(const void* domain, std::string_view domain_name, std::string_view text) {
    const Spent spent;
    bool first       = false;
    const RangeId id = range_table().begin(text, domain_name, first);
    const int level  = stack().push(domain, id);
    if (const auto call = first ? first_range_call.load() : nullptr) call();
    return level;
}

int pop_range(const void* domain) {
    const Spent spent;
    return stack().pop(domain);
}

RangeId current_range() {
    return stack().current();
}

void on_first_range(void (*call)()) {
    first_range_call = call;
    if (call && range_table().points() > 0) call();
}

Seconds time_in_ranges() {
    return double(spent_ns.load()) * unit::ns;
}

}  // namespace isobath::attach
