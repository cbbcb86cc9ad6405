/// DeepEP's kernels in closed form, with constants fitted to measured rows (hw/comm_fits.h).
#pragma once

#include <array>

#include "hw/comm_fits.h"
#include "hw/estimate.h"
#include "hw/gpu.h"

namespace isobath {

/// Two times side by side: 0 `visible` shows the longer alone, 1 their sum, and smoothly between. Grows with
/// both.
Seconds side_by_side(Seconds a, Seconds b, double visible);

/// What one way of an exchange asks of the hardware.
struct ExchangeLoad {
    double tokens = 0;   ///< per rank
    Bytes copied;        ///< through SMs, per rank
    Bytes nvlink, rdma;  ///< physical, of the busiest port
    int sms = 1;
};

/// The form that ExchangeConstants describe. Grows with tokens and bytes.
Seconds time_of(const ExchangeConstants& constants, const ExchangeLoad& load);

/// Constants by number of nodes, resolved for one GPU.
struct ExchangeCurve {
    struct Point {
        int nodes = 1;
        ExchangeConstants constants;
        double factor = 1;
    };
    static constexpr int kMostPoints = 4;
    std::array<Point, kMostPoints> points;  ///< by growing nodes
    int count     = 0;
    Source source = Source::assumed;
};

/// Between fits linear in log2(nodes), beyond them the nearest.
ExchangeCurve::Point at_nodes(const ExchangeCurve& curve, int nodes);

/// One node, and several: a GPU may have measurements of the one and not of the other.
struct ExchangeCurves {
    ExchangeCurve one_node, across;

    const ExchangeCurve& over(int nodes) const { return nodes > 1 ? across : one_node; }
};

/// The curves of one mode and way on `gpu`; those of a GPU without fits are scaled from one with, by nominal
/// NVLink and NIC, and are assumed. `all` uses fits that judge their own cluster only, too.
///
/// `nic` is the nominal rate of the NIC that serves `gpu`.
ExchangeCurves curves_of(const CommFits& fits, bool low_latency, bool combine, const GpuSpec& gpu,
                         BytesPerSecond nic, bool all = false);

}  // namespace isobath
