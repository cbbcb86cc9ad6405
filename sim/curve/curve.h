/// Throughput against interactivity: one deployment at growing numbers of clients.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/plot/figure.h"
#include "sim/scenario.h"

namespace isobath {

struct ServicePoint {
    double concurrency = 0;  ///< requests in flight over the whole deployment
    double per_user = 0, per_user_low = 0, per_user_high = 0;  ///< output tokens/s that one user sees
    double per_gpu = 0, per_gpu_low = 0, per_gpu_high = 0;     ///< output tokens/s over all GPUs / GPUs
    Seconds tpot, ttft;                                        ///< means; no ttft for a decode scenario
    bool meets_slo = true;
    double waiting = 0;  ///< requests that the cache has no room for, on one attention rank
};

struct Curve {
    Scenario scenario;
    int gpus = 0;
    std::vector<ServicePoint> points;        ///< by growing concurrency
    std::size_t knee = 0;                    ///< where giving up interactivity stops paying: see knee_of()
    std::optional<std::size_t> best_in_slo;  ///< the last point within the SLO
};

/// Evaluates a serve scenario in closed form, or the steps of a decode scenario (batch_per_gpu follows).
/// Empty `concurrencies`: powers of two from 1 per attention rank until the cache is full or throughput
/// gains less than 1 %. SLO limits are for the ninth decile; means are held against them and say so.
Curve curve_of(const Scenario& scenario, const DataFiles& data, std::vector<double> concurrencies = {});

/// The point farthest above the chord from first to last, both axes logarithmic and scaled to their ends
/// (Kneedle of Satopaa and others, 2011, for a falling curve).
std::size_t knee_of(const std::vector<ServicePoint>& points);

nlohmann::json to_json(const Curve& curve);
std::string to_text(const Curve& curve, bool colour);
plot::Figure figure_of(const Curve& curve);

}  // namespace isobath
