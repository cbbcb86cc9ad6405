/// Time of all-reduce, all-gather, reduce-scatter, all-to-all and send among a group of GPUs.
///
/// Inside an NVLink domain: alpha + moved / bandwidth + ramp * sqrt(buffer), fitted to nccl-tests.
/// Across domains: the NIC's share of the bytes at its own rate (the slower of both binds), one network
/// latency for each step of a tree, and the ramp of a pipeline that is longer by those steps; `assumed`, for
/// no fit over nodes is published.
#pragma once

#include "model/comm/comm_rates.h"

namespace isobath {

/// `ranks` GPUs, `per_domain` of them in each NVLink domain that they touch.
struct CommGroup {
    int ranks = 1, per_domain = 1;

    int domains() const { return (ranks + per_domain - 1) / per_domain; }
};

/// `ranks` neighbours, packed into as few NVLink domains as hold them.
CommGroup packed(int ranks, const ClusterSpec& cluster);

/// Every rank ends with the sum of all ranks' `buffer`.
Estimate all_reduce(const CollectiveRates& rates, Bytes buffer, CommGroup group);
/// Every rank ends with `gathered` bytes, a share of it from each.
Estimate all_gather(const CollectiveRates& rates, Bytes gathered, CommGroup group);
/// Every rank gives `scattered` bytes and ends with its share of the sum.
Estimate reduce_scatter(const CollectiveRates& rates, Bytes scattered, CommGroup group);
/// Every rank sends `sent` bytes, an equal share to each, itself included.
Estimate all_to_all(const CollectiveRates& rates, Bytes sent, CommGroup group);
/// One rank to another: within a domain or across.
Estimate send(const CollectiveRates& rates, Bytes message, bool across);

/// The curve's constants for that many ranks of one domain. Latency is linear in ranks, for a ring has as
/// many steps, and beyond twice the most that were measured in their logarithm. The others are linear in
/// log2(ranks) between fits and the nearest fit's beyond. Assumed beyond the fits.
struct CurvePoint {
    Seconds alpha;
    BytesPerSecond bandwidth;
    double ramp = 0, spread = 1;
    Source source = Source::assumed;
    DirectWay direct;  ///< not across domains
};
CurvePoint at_ranks(const CollectiveRates::Curve& curve, int ranks);

/// The time of `kind` among `ranks` GPUs of one domain, one shot or not.
Seconds in_domain(const CurvePoint& point, Collective kind, Bytes buffer, int ranks);

/// The curve of `kind` for a group: inside its domains, with the steps between them added to alpha.
CurvePoint point_of(const CollectiveRates& rates, Collective kind, CommGroup group);

}  // namespace isobath
