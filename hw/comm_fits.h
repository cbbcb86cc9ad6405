/// What a communication library achieves, fitted row by row to a published table and judged by rows held
/// back.
///
/// A preset's section "fitted". Every constant belongs to one GPU (the `gpu` of its entry); another GPU
/// borrows those of its reference, scaled (model/comm/comm_rates.h).
#pragma once

#include <string>
#include <vector>

#include "hw/calibration.h"
#include "hw/data.h"
#include "hw/scores.h"
#include "hw/units.h"

namespace isobath {

enum class Collective : std::uint8_t { all_reduce, all_gather, reduce_scatter, all_to_all };
inline constexpr int kCollectiveCount = 4;
std::string_view name_of(Collective kind);

/// One shot: every rank reads the whole buffer of every other, t = alpha + (ranks - 1) * buffer / bandwidth.
/// Taken where it is the faster way, for buffers that the library has room for. No bandwidth: the library has
/// no such kernel.
struct DirectWay {
    Seconds alpha;
    BytesPerSecond bandwidth;
    Bytes up_to;

    bool available() const { return bandwidth > BytesPerSecond{}; }
};

/// t = alpha + moved / bandwidth + ramp * sqrt(buffer), for `ranks` GPUs of one NVLink domain.
struct CollectiveFit {
    Collective kind{};
    std::string gpu;
    int ranks = 0;
    Seconds alpha;
    BytesPerSecond bandwidth;
    double ramp   = 0;  ///< seconds per square root of a byte
    double rms    = 0;
    double factor = 0;  ///< of the 80 % interval; 0: from rms
    DirectWay direct;
};

/// Constants of one way of an exchange over one number of nodes.
///
/// Copies through SMs and bytes over the slower port run side by side: stream = max, rounded off. Then
///   SM kernels ("normal"):  t = alpha + stream + fill * T / (T + fill_tokens * SMs / 2), T tokens per rank:
///                           a channel (two SMs) is not yet a pipeline while it has few tokens;
///   low latency:            t = alpha and stream, of which `visible` of the shorter one shows.
struct ExchangeConstants {
    Seconds alpha;
    BytesPerSecond
        per_sm;  ///< copies that one SM makes: one per distinct rank, across nodes one per node too
    BytesPerSecond nvlink, rdma;  ///< physical bytes of the busiest port; rdma 0 on one node
    Seconds fill;
    double fill_tokens = 0;
    double visible     = 1;
};

struct ExchangeFit {
    bool low_latency = false, combine = false;
    std::string gpu;
    int nodes = 1;
    ExchangeConstants constants;
    double factor = 1;  ///< of the 80 % interval
    /// The table's cluster does worse here than published elsewhere: judges the fit, predicts nothing.
    bool own_cluster_only = false;
};

/// How one family of rows on one GPU is reproduced.
struct CommScore {
    std::string family, gpu;
    Residuals fitted;  ///< the rows that the constants were fitted to
    UnseenScores unseen;
};

/// The GPU whose fits serve a GPU without its own, bandwidths scaled by nominal NVLink.
struct Reference {
    std::string architecture;  ///< empty: any
    std::string gpu;
    BytesPerSecond nvlink;  ///< its nominal
};
Reference read_reference(SpecReader& in, const DataFiles& data);

struct CommFits {
    std::vector<Reference> references;  ///< those of the GPU's architecture, or of any, in order
    std::string nic;                    ///< that fits over several nodes were measured on
    BytesPerSecond nic_bandwidth;       ///< its nominal
    std::vector<CollectiveFit> collectives;
    std::vector<ExchangeFit> exchanges;
    std::vector<CommScore> scores;
    std::string source;
};

CommFits read_comm_fits(SpecReader in, const DataFiles& data);
/// One entry of "fits": kind, gpu, ranks, alpha, bandwidth, us_per_sqrt_byte, rms or factor, direct.
CollectiveFit read_collective_fit(SpecReader& in);
nlohmann::ordered_json to_json(const CommFits& fits);

}  // namespace isobath
