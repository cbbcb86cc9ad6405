#include <cstdio>
#include <nlohmann/json.hpp>

#include "hw/comm_fits.h"

namespace isobath {
namespace {

using Json = nlohmann::ordered_json;

/// Six digits: enough to see that a second fit is the same.
std::string digits(double value, const char* format = "%.6g") {
    char text[32];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

double rounded(double value, const char* format = "%.6g") {
    return std::stod(digits(value, format));
}

std::string text_of(Seconds time) {
    return digits(time.in(unit::us)) + " us";
}
std::string text_of(BytesPerSecond rate) {
    return digits(rate.in(unit::GB / unit::s)) + " GB/s";
}

Json entry(const Reference& reference) {
    Json out = Json::object();
    if (!reference.architecture.empty()) out["architecture"] = reference.architecture;
    out["gpu"] = reference.gpu;
    return out;
}

Json entry(const CollectiveFit& fit) {
    Json out{{"kind", std::string(name_of(fit.kind))},
             {"gpu", fit.gpu},
             {"ranks", fit.ranks},
             {"alpha", text_of(fit.alpha)},
             {"bandwidth", text_of(fit.bandwidth)},
             {"us_per_sqrt_byte", rounded(fit.ramp * 1e6)},
             {"factor", rounded(fit.factor)}};
    if (fit.direct.available())
        out["direct"] = {{"alpha", text_of(fit.direct.alpha)},
                         {"bandwidth", text_of(fit.direct.bandwidth)},
                         {"up_to", digits(fit.direct.up_to.in(unit::MB)) + " MB"}};
    return out;
}

Json entry(const ExchangeFit& fit) {
    const ExchangeConstants& c = fit.constants;
    Json out{{"mode", fit.low_latency ? "low_latency" : "normal"},
             {"way", fit.combine ? "combine" : "dispatch"},
             {"gpu", fit.gpu},
             {"nodes", fit.nodes},
             {"alpha", text_of(c.alpha)},
             {"nvlink", text_of(c.nvlink)}};
    if (fit.nodes > 1) out["rdma"] = text_of(c.rdma);
    if (fit.low_latency) {
        out["visible"] = rounded(c.visible);
    } else {
        out["per_sm"]      = text_of(c.per_sm);
        out["fill"]        = text_of(c.fill);
        out["fill_tokens"] = rounded(c.fill_tokens);
    }
    out["factor"] = rounded(fit.factor);
    if (fit.own_cluster_only) out["own_cluster_only"] = true;
    return out;
}

Json entry(const CommScore& score) {
    const Residuals& f = score.fitted;
    return {{"family", score.family},
            {"gpu", score.gpu},
            {"fitted",
             {{"rows", f.rows},
              {"median", rounded(f.median, "%.4g")},
              {"p90", rounded(f.p90, "%.4g")},
              {"worst", rounded(f.worst, "%.4g")},
              {"factor", rounded(f.factor, "%.4g")}}},
            {"unseen", to_json(score.unseen)}};
}

template <class Rows>
void add(Json& out, const char* key, const Rows& rows) {
    if (rows.empty()) return;
    out[key] = Json::array();
    for (const auto& row : rows) out[key].push_back(entry(row));
}

}  // namespace

Json to_json(const CommFits& fits) {
    Json out = Json::object();
    add(out, "references", fits.references);
    out["nic"] = fits.nic;
    add(out, "collectives", fits.collectives);
    add(out, "exchanges", fits.exchanges);
    add(out, "scores", fits.scores);
    out["source"] = fits.source;
    return out;
}

}  // namespace isobath
