#include "sim/speculate/draft_parts.h"

#include "model/streaming.h"
#include "sim/step.h"

namespace isobath {
namespace {

Bytes in_format(Format format, double elements) {
    return elements * weight_bytes(format) * unit::B;
}

/// The target with a single dense layer and nothing else.
WeightBytes dense_layer_of(const Scenario& s) {
    ModelSpec one         = s.model;
    PrecisionPolicy p     = s.precision;
    Shard shard           = s.shard();
    one.num_hidden_layers = 1;
    one.moe.reset();
    p.gemm   = p.mtp;
    shard.pp = 1;
    return weights_of(one, p, shard, 0);
}

}  // namespace

void append_draft_heads(const LayerContext& c, const DraftPlan& plan, OpList& out) {
    const int h = c.model.hidden_size;
    if (plan.kind == DraftKind::heads) {
        out.push_back(
            {"draft_block", Stage::mtp_in, Part::dense_gemm, Gemm{c.batch.requests, h, h, c.precision.mtp}});
        out.push_back({"draft_silu", Stage::mtp_in, Part::other, streaming(c.batch.requests, 6.0 * h)});
    }
    append_head(c, c.batch.requests, out);
}

void add_draft_weights(const Scenario& s, const DraftPlan& plan, const StepModel* draft_model,
                       WeightBytes& w) {
    const double h = s.model.hidden_size;
    if (plan.kind == DraftKind::dense_block) {
        const WeightBytes one = dense_layer_of(s);
        w.mtp += one.attention + one.dense + one.norms + in_format(s.precision.mtp, 2 * h * h);
        w.kv_per_token += one.kv_per_token;
    } else if (plan.kind == DraftKind::heads) {
        w.mtp += double(plan.side_by_side) *
                 (in_format(s.precision.mtp, h * h) +
                  in_format(s.precision.head, h * s.model.vocab_size / s.layout.attention_tp));
    } else if (plan.kind == DraftKind::model && draft_model) {
        w.mtp += draft_model->weights().total();
        w.kv_per_token += draft_model->weights().kv_per_token;
    }
}

Scenario scenario_of_draft(const Scenario& s) {
    Scenario d    = s;
    d.model       = *s.speculation.draft_model;
    d.speculation = {};
    if (!d.model.moe) {
        d.layout.ep = d.layout.expert_tp = 1;
        d.layout.redundant               = 0;
        d.layout.overlap                 = Overlap::none;
        d.layout.comm                    = Comm::none;
    }
    if (d.model.attention.kind != AttentionKind::mla && d.precision.kv_cache == KvLayout::fp8_flashmla)
        d.precision.kv_cache = KvLayout::fp8;
    return d;
}

}  // namespace isobath
