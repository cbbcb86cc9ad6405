#include "sim/explain/exchange_fit.h"

#include <algorithm>

#include <fmt/format.h>

namespace isobath {
namespace {

const ExchangeCurve* curve_of(const Study& study, bool dispatch) {
    const CommRates& rates   = study.model.rates();
    const ExchangeTraffic& t = study.traffic;
    const bool normal        = t.mode == ExchangeMode::deepep_normal;
    if (!normal && t.mode != ExchangeMode::deepep_low_latency) return nullptr;
    const auto& fitted = normal ? rates.throughput->fitted : rates.latency->fitted;
    if (!fitted) return nullptr;
    const ExchangeCurve& curve = (dispatch ? fitted->dispatch : fitted->combine).over(t.shape.nodes());
    return curve.count > 0 ? &curve : nullptr;
}

struct Parts {
    const ExchangeConstants& c;
    const ExchangeLoad& load;
    Explanation& e;
    std::string from;

    void rate(const char* name, BytesPerSecond value) const { e.inputs.push_back(known(name, value, from)); }
    Seconds step(const char* name, Seconds time, const char* how) const {
        e.steps.push_back(known(name, time, how));
        return time;
    }
    Seconds ports() const {
        if (load.nvlink > Bytes{}) rate("NVLink rate", c.nvlink);
        if (load.rdma > Bytes{}) rate("NIC rate", c.rdma);
        const Seconds wire = load.nvlink > Bytes{} ? load.nvlink / c.nvlink : Seconds{};
        const Seconds nic  = load.rdma > Bytes{} ? load.rdma / c.rdma : Seconds{};
        step("over NVLink", wire, "busiest port / NVLink rate");
        step("over the NIC", nic, "busiest port / NIC rate");
        return std::max(wire, nic);
    }
    void messages() const {
        e.equation = {
            "t = (floor + wire + sqrt((floor - wire)^2 + 4 visible floor wire)) / 2",
            "In words: a floor of the library's version beside the slower of two wires at the fullest "
            "rank;",
            "of the shorter one the share `visible` shows."};
        e.inputs.push_back(known("visible", c.visible, "", from));
        ports();
    }
    void copies() const {
        e.equation = {
            "t = floor + max(copies / (SMs * rate of an SM), slower wire) + fill * T / (T + F)",
            "In words: SMs copy every token once per rank and node that it goes to, beside the slower "
            "of two wires",
            "(2 % of the shorter shows); channels with few tokens are not yet a pipeline."};
        rate("rate of an SM", c.per_sm);
        e.inputs.push_back(known("SMs", load.sms, "", "/layout/comm_sms, or the library's own"));
        e.inputs.push_back(known("fill", c.fill, from));
        const double most = c.fill_tokens * load.sms / 2;
        e.inputs.push_back(known("F", most, fmt::format("tokens: {:.3g} a channel", c.fill_tokens), from));
        step("through SMs", load.copied / (load.sms * c.per_sm), "copied bytes / (SMs * rate)");
        ports();
        step("filling channels", load.tokens / (load.tokens + most) * c.fill, "fill * T / (T + F)");
    }
};

}  // namespace

bool add_fitted_exchange(const Study& study, bool dispatch, Explanation& e) {
    const ExchangeCurve* curve = curve_of(study, dispatch);
    if (!curve) return false;
    const ExchangeTraffic& t = study.traffic;
    const auto point         = at_nodes(*curve, t.shape.nodes());
    const ExchangeLoad load = load_of(t, study.batch().moe_tokens * study.scenario().max_over_mean, !dispatch,
                                      study.result.exchange.sms);
    const Parts parts{point.constants, load, e,
                      study.model.library().name + ": " + study.model.library().fitted.source};
    e.inputs.push_back(known("floor", point.constants.alpha, parts.from));
    if (t.mode == ExchangeMode::deepep_normal)
        parts.copies();
    else
        parts.messages();
    e.inputs.push_back(named("these constants",
                             curve->source == Source::fitted ? "fitted here" : "carried over",
                             fmt::format("80 % interval: a factor of {:.3g}", point.factor)));
    e.steps.push_back(known("time", time_of(point.constants, load), e.equation.front().c_str()));
    return true;
}

}  // namespace isobath
