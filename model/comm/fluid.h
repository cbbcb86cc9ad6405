/// Flows that share ports fairly: when each of them ends.
///
/// The second tier of the network model: where port loads alone decide (network.h), both agree; flows that
/// are few, start apart or belong to several collectives at once wait for more than the busiest port.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "hw/units.h"

namespace isobath {

/// Bytes on their way through up to four ports at once (out, uplink, downlink, in).
struct Flow {
    static constexpr int kMostPorts = 4;

    std::array<std::int32_t, kMostPorts> ports{-1, -1, -1, -1};  ///< indices; unused ones are negative
    Bytes bytes;
    Seconds start;  ///< when the first byte moves: the collective's start and the wire's latency
};

struct FluidResult {
    std::vector<Seconds> finish;  ///< of each flow
    Seconds makespan;             ///< the last of them
    int solves = 0;               ///< how often rates were shared out
};

/// Bytes through each of `ports` ports.
std::vector<Bytes> port_bytes(std::span<const Flow> flows, std::size_t ports);

/// The first tier: no schedule ends before the busiest port has moved all its bytes, counted from the first
/// start through it.
Seconds bottleneck(std::span<const BytesPerSecond> ports, std::span<const Flow> flows);

/// Lets flows share ports max-min fairly: no flow can have more without another, no faster one having less.
/// Rates change when a flow starts or ends, and are constant between.
///
/// `batching`: flows that would end within this share of the time passed so far end at their own moment, but
/// what they leave is shared out later, together; 0 is exact. Errors are of about that size and times too
/// long, never too short.
///
/// Ports that no flow connects do not feel each other and are worked through one after another.
/// Throws std::logic_error if a flow names a port that is not there, or has bytes but no port.
FluidResult share_ports(std::span<const BytesPerSecond> ports, std::span<const Flow> flows,
                        double batching = 0);

}  // namespace isobath
