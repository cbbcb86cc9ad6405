/// What a communication library achieves: constants with source and interval, by library version.
///
/// A preset is scenarios/comm/NAME.json. Latency floors belong to a library's version (4 to 41 us are
/// published for one operation), bandwidths to library and hardware, so both live here and not in a GpuSpec.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hw/cluster.h"
#include "hw/comm_fits.h"
#include "hw/data.h"
#include "hw/units.h"

namespace isobath {

/// A bandwidth per GPU and direction: known on some devices, carried to others as a share of nominal.
struct CommRate {
    std::map<std::string, BytesPerSecond> on;  ///< by GPU or NIC preset
    double of_nominal = 0;                     ///< on any other device
    double spread     = 1;                     ///< 80 % interval: value / spread to value * spread
    std::string source;
};

/// A latency: known on some GPUs, assumed the same on others.
struct CommDelay {
    std::map<std::string, Seconds> on;
    Seconds otherwise;
    double spread = 1;
    std::string source;
};

/// How well a section's constants reproduce what they were fitted to.
struct FitResidual {
    int rows   = 0;
    double rms = 0, max = 0;  ///< relative; 0 rows: nothing was fitted
    double transfer = 1.25;   ///< factor of the 80 % interval on hardware that no row is from (assumed)
    std::string source;
};

/// Bytes that travel with a token's numbers: align(numbers + fixed + top_k * per_choice).
struct WireOverhead {
    int fixed = 0, per_choice = 0, align = 1;
};

/// Kernels that keep SMs until a token has passed: once per node, then once per rank (DeepEP "normal").
struct ThroughputKernels {
    CommRate nvlink;             ///< on one node
    CommRate nvlink_forwarding;  ///< within the node, of tokens that came over the network
    CommRate rdma;               ///< physical: copies that stay on the node are not counted
    CommDelay dispatch_alpha, combine_alpha;
    WireOverhead dispatch_wire, combine_wire;
    int sms = 0;     ///< 0: computed from the bandwidths, as DeepEP V2 does
    Seconds notify;  ///< exchange of counts before a dispatch or combine, isolated
    Seconds skew;    ///< what ranks wait for each other beyond it, at `skew_tokens` tokens per rank
    double skew_tokens = 1;
    std::string barrier_source;
    FitResidual fit;
};

/// One message per token and expert, straight to its rank (DeepEP "low latency").
struct LatencyKernels {
    CommRate nvlink, rdma;
    CommDelay nvlink_alpha, rdma_alpha, mixed_alpha;  ///< one node; RDMA alone; both
    bool over_nvlink = true;                          ///< false: RDMA even between GPUs of one node
    bool even = false;  ///< a roofline: every rank receives tokens * top_k messages, none stays at home
    WireOverhead dispatch_wire, combine_wire;
    /// Time of the send and receive kernels alone, on `own_bytes` of dispatched or combined messages.
    Seconds dispatch_send, dispatch_recv, combine_send, combine_recv;
    Bytes own_dispatch, own_combine;
    double own_fixed = 0;  ///< share of it that does not grow with bytes
    std::string own_source;
    FitResidual fit;
};

/// One copy per distinct rank inside one NVLink domain, a rank's own share copied too.
struct DomainKernels {
    CommRate dispatch, combine;
    CommDelay dispatch_alpha, combine_alpha, prepare;
    WireOverhead dispatch_wire, combine_wire;
    int sms = 0;
    FitResidual fit;
};

struct CollectiveKernels {
    std::vector<CollectiveFit> fits;
    /// All-reduce of NCCL under a library whose own stays inside a domain; empty: `fits` serve there too.
    std::vector<CollectiveFit> across;
    std::vector<Reference> references;  ///< the first of the GPU's architecture, or of any, serves it
    CommRate nic;
    Seconds hop;  ///< network latency of one step between nodes
    Seconds send_alpha;
    CommRate send_nvlink;
    int sms               = 0;
    double network_spread = 1;  ///< 80 % factor of anything that crosses nodes
    std::string source;
};

struct CommLibrary {
    std::string name, title;
    std::optional<ThroughputKernels> throughput;
    std::optional<LatencyKernels> latency;
    std::optional<DomainKernels> domain;
    std::optional<CollectiveKernels> collectives;
    CommFits fitted;  ///< go before the constants above on the hardware that they name
};

/// Loads scenarios/comm/NAME.json; "extends" names a preset whose sections it keeps unless it has its own,
/// and whose fits it keeps where it has none of that kind and GPU. Throws SpecError.
CommLibrary load_comm_library(const DataFiles& data, const std::string& name);

/// A constant on this hardware: value, and whether it was measured there.
template <class Q>
struct OnDevice {
    Q value;
    bool known;
};

OnDevice<BytesPerSecond> on_device(const CommRate& rate, const std::string& device, BytesPerSecond nominal);
OnDevice<Seconds> on_device(const CommDelay& delay, const std::string& device);

}  // namespace isobath
