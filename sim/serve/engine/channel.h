/// Requests handed over from one thread to another.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "sim/serve/engine/ledger.h"

namespace isobath::engine {

/// A bounded queue of batches, each with the time before which nothing follows it any more.
class Channel {
  public:
    struct Batch {
        std::vector<HandedOver> handed;
        Ticks known_until = 0;  ///< what comes in later batches is not earlier
    };
    /// Waits for room; false when nobody reads any more.
    bool send(Batch batch);
    /// Waits; after close(), an empty batch with nothing to follow.
    Batch receive();
    void close();    ///< nothing is sent any more
    void abandon();  ///< nothing is read any more

  private:
    static constexpr std::size_t kMost = 64;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Batch> batches_;
    bool closed_ = false, abandoned_ = false;
};

}  // namespace isobath::engine
