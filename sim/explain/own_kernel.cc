// The kernels of a low-latency exchange that hold SMs while bytes wait to leave or have arrived.
#include <fmt/format.h>

#include "sim/explain/study.h"

namespace isobath {

Explanation explain_own_kernel(const Study& study, const std::string& name) {
    const bool dispatch = name.starts_with("dispatch"), sends = name.ends_with("send");
    const ExchangeCost& x    = study.result.exchange;
    const ExchangeTraffic& t = study.traffic;
    const LatencyRates& r    = study.model.rates().latency.value();
    const auto& kernel =
        dispatch ? (sends ? r.dispatch_send : r.dispatch_recv) : (sends ? r.combine_send : r.combine_recv);
    const Seconds time =
        dispatch ? (sends ? x.dispatch_send : x.dispatch_recv) : (sends ? x.combine_send : x.combine_recv);
    const Bytes bytes = study.batch().moe_tokens * study.scenario().max_over_mean * t.shape.top_k *
                        (dispatch ? t.dispatch_message : t.combine_message);
    const std::string from = study.model.library().name + ": " + study.model.library().latency->own_source;
    Explanation e{.op    = name,
                  .title = fmt::format("kernel that {} a low-latency {}", sends ? "sends" : "receives",
                                       dispatch ? "dispatch" : "combine")};
    e.equation = {"t = fixed + seconds per byte * bytes of all messages",
                  "In words: bytes travel without SMs between the two kernels; only these two hold SMs."};
    add_tokens(study, e);
    e.inputs.push_back(known("experts per token", t.shape.top_k, "", "model num_experts_per_tok"));
    e.inputs.push_back(known("fixed", kernel.fixed, from));
    e.inputs.push_back(known("per byte", kernel.seconds_per_byte * 1e12, "ps/B", from));
    e.steps.push_back(known("bytes", bytes, "tokens * experts per token * message"));
    e.steps.push_back(known("time", kernel.fixed + Seconds{kernel.seconds_per_byte * bytes.base()},
                            "fixed + per byte * bytes"));
    e.result = known("time", time, "");
    e.source = name_of(Source::assumed);
    for (const OpRow& row : study.result.ops)
        if (row.name == "dispatch") e.runs = row.count;
    return e;
}

}  // namespace isobath
