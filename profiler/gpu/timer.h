/// The means of timing one launch: events, a cold L2, a gate that holds the stream, and the clock it ran at.
#pragma once

#include "hw/units.h"
#include "profiler/gpu/memory.h"

namespace isobath {

/// A stream with an owner; it does not wait for the default stream.
class Stream {
  public:
    Stream() { CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
    ~Stream() { cudaStreamDestroy(stream_); }
    Stream(const Stream&)            = delete;
    Stream& operator=(const Stream&) = delete;
    operator cudaStream_t() const { return stream_; }

  private:
    cudaStream_t stream_ = nullptr;
};

/// Time between two points of one stream, as the GPU sees it (resolution about 0.5 us).
class EventTimer {
  public:
    EventTimer();
    ~EventTimer();
    EventTimer(const EventTimer&)            = delete;
    EventTimer& operator=(const EventTimer&) = delete;

    void start(cudaStream_t stream) { CUDA_CHECK(cudaEventRecord(start_, stream)); }
    void stop(cudaStream_t stream) { CUDA_CHECK(cudaEventRecord(stop_, stream)); }
    Seconds elapsed() const;  ///< waits for stop

  private:
    cudaEvent_t start_ = nullptr, stop_ = nullptr;
};

/// Fills L2 with clean lines of its own, so that the next kernel reads its operands from device memory as in
/// a real step. It reads, three times what L2 holds: overwriting would leave a full L2 to be written back,
/// which the next kernel would pay for.
class L2Flush {
  public:
    L2Flush();
    void operator()(cudaStream_t stream);

  private:
    DeviceBuffer buffer_, sums_;
    int blocks_ = 0;
};

/// Holds a stream until the host has queued all of a sample, so that no host delay lies between its events.
///
/// Its kernel waits for a word in host memory. A call that waits for the GPU while the gate is closed would
/// hang; so the kernel gives up after `patience`, and the sample is then void. At most some 1000 launches fit
/// behind a closed gate.
class StreamGate {
  public:
    explicit StreamGate(Seconds patience = 1 * unit::s);
    ~StreamGate();
    StreamGate(const StreamGate&)            = delete;
    StreamGate& operator=(const StreamGate&) = delete;

    void close(cudaStream_t stream);  ///< the gate before must be done
    void open();
    /// Whether the gate was opened by the host, and not by its own impatience.
    bool held() const { return held_; }

  private:
    volatile int* opened_ = nullptr;
    Seconds patience_, closed_at_;
    bool held_ = true;
};

/// Reads the SM clock: SM cycles over the GPU's own nanoseconds, for some 50 us, on one SM.
class ClockProbe {
  public:
    ClockProbe();
    ~ClockProbe();
    ClockProbe(const ClockProbe&)            = delete;
    ClockProbe& operator=(const ClockProbe&) = delete;

    void operator()(cudaStream_t stream);
    int mhz() const;  ///< of the last probe, once the stream is done; 0: it told nothing

    static constexpr const char* kKernel = "isobath_clock_probe";

  private:
    struct Reading {
        std::uint64_t cycles, nanoseconds;
    };
    volatile Reading* reading_ = nullptr;
};

/// Keeps one thread busy for a time that the GPU's own clock measures: a kernel of known length.
void launch_sleep(Seconds time, cudaStream_t stream);

}  // namespace isobath
