/// Silicon rows of communication: which collective or exchange was timed, and what it moved.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hw/comm_library.h"
#include "model/calibrate/silicon.h"
#include "model/comm/network.h"

namespace isobath {

struct CollectiveSample {
    std::string key;
    bool held_back = false;
    Seconds time;
    Collective kind{};
    int ranks = 2;
    Bytes buffer;
};

struct ExchangeSample {
    std::string key;
    bool held_back = false;
    Seconds time;
    bool low_latency = false, combine = false;
    int nodes = 1;
    ExchangeLoad load;
    std::string site;  ///< "2 nodes, 12 SMs" or "2 nodes, top-8 of 288"
};

/// Rows of the families `nccl` (half precision) or `all_reduce` (the library's own kernels).
std::vector<CollectiveSample> collective_samples(std::span<const SiliconTable> tables,
                                                 std::string_view family);

/// Rows of the families deepep_*. The routing is the benchmark's: normal kernels choose among as many groups
/// as there are nodes, up to four of them; low latency chooses among all experts. A normal row's time is that
/// of the transfer, without the exchange of counts. One version per number of nodes, the newest.
///
/// `library` tells what travels with a token's numbers.
std::vector<ExchangeSample> exchange_samples(std::span<const SiliconTable> tables,
                                             const CommLibrary& library);

/// GPUs that the benchmark calls one node: 4 of a GB200 tray, else 8.
int gpus_per_node(std::string_view gpu);

}  // namespace isobath
