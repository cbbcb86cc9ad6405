#include "sim/explain/study.h"

#include <fmt/format.h>

namespace isobath {

std::string gpu_source(const Scenario& s, const std::string& key) {
    const auto found = s.cluster.gpu.sources.find(key);
    return fmt::format("GPU {}, {}: {}", s.cluster.gpu.name, key,
                       found == s.cluster.gpu.sources.end() ? "no source given" : found->second);
}

std::string field(const char* path) {
    return std::string("scenario ") + path;
}

Known launch_gap(const Scenario& s) {
    return figure("launch gap", s.engine.launch_gap, "engine " + s.engine.name + ", launch_gap");
}

void add_tokens(const Study& study, Explanation& e) {
    const Scenario& s = study.scenario();
    const Layout& l   = s.layout;
    const Batch& b    = study.batch();
    e.inputs.push_back(
        known("batch per GPU", study.result.input.batch_per_gpu, "", field("/workload/batch_per_gpu")));
    if (l.attention_tp > 1)
        e.inputs.push_back(known("attention tp", l.attention_tp, "", field("/layout/attention/tp")));
    if (l.attention_cp > 1)
        e.inputs.push_back(known("attention cp", l.attention_cp, "", field("/layout/attention/cp")));
    e.inputs.push_back(known("micro-batches", study.batches(), "", field("/layout/overlap")));
    if (b.pass == Pass::decode)
        e.inputs.push_back(known("drafts", s.speculation.drafts(), "tokens", field("/speculation/depth")));
    else
        e.inputs.push_back(known("prompt", study.result.input.context, "tokens", field("/workload/isl")));
    e.steps.push_back(known("requests", b.requests, "", "batch per GPU * attention tp * cp / micro-batches"));
    e.steps.push_back(known("tokens", b.tokens, "",
                            b.pass == Pass::decode ? "of one micro-batch: requests * (1 + drafts)"
                                                   : "of one micro-batch: requests * prompt / cp"));
}

void add_routing(const Study& study, Explanation& e) {
    const Batch& b = study.batch();
    e.steps.push_back(known("tokens sent", b.moe_tokens, "", "that this rank looks up experts for"));
    e.steps.push_back(
        known("expert rows", b.expert_rows, "", "all ranks' tokens sent * experts per token / ep"));
}

}  // namespace isobath
