#include "sim/explain/kernel_shape.h"

#include <fmt/format.h>

#include "sim/explain/kernel_words.h"

namespace isobath {
namespace {

/// The dimensions of a kernel with their origins.
class Shape {
  public:
    Shape(const char* name, const Study& study, Explanation& e)
        : name_(name), words_(words_of(name)), study_(study), inputs_(e.inputs) {}

    void operator()(const Gemm& g) {
        rows("m", g.m, "rows");
        matrix(g.n, g.k);
        format(name_of(g.format));
    }
    void operator()(const BatchedGemm& g) {
        dimension("batch", g.batch);
        rows("m", g.m, "rows");
        matrix(g.n, g.k);
        format(name_of(g.format));
    }
    void operator()(const GroupedGemm& g) {
        rows("m", g.rows, "rows");
        add(known("experts", g.experts, "", "(routed + redundant) / ep"));
        add(known("row variance", g.row_variance, "", "of one expert: binomial routing"));
        matrix(g.n, g.k);
        format(name_of(g.format));
    }
    void operator()(const FusedMoe& f) {
        add(known("group tokens", f.tokens, "tokens", "of all ranks that share the experts"));
        rows("m", f.rows, "rows");
        add(known("active experts", f.active, "",
                  "local experts * (1 - (1 - chosen / experts)^group tokens): all equally popular"));
        add(known("experts", f.experts, "", "(routed + redundant) / ep"));
        add(known("hidden", f.hidden, "", "model hidden_size"));
        add(known("inter", f.inter, "", "moe_intermediate / expert tp"));
        format(name_of(f.format));
    }
    void operator()(const MlaDecode& a) {
        requests(a.batch, a.s_q, a.context);
        add(known("heads", a.heads, "", "model heads / attention tp"));
        add(known("kv_lora_rank", a.kv_lora_rank, "", "model kv_lora_rank"));
        add(known("qk_rope_head_dim", a.qk_rope_head_dim, "", "model qk_rope_head_dim"));
        format(name_of(a.cache));
    }
    void operator()(const GqaDecode& a) {
        requests(a.batch, a.s_q, a.context);
        head_dims(a.heads, a.kv_heads, a.qk_head_dim, a.v_head_dim);
        format(name_of(a.cache));
    }
    void operator()(const FlashPrefill& a) {
        add(known("sequences", a.sequences, "prompts", "of one micro-batch"));
        add(known("q_len", a.q_len, "tokens", "/workload/isl / attention cp"));
        add(known("kv_len", a.kv_len, "tokens", "tokens attended to, at most"));
        head_dims(a.heads, a.kv_heads, a.qk_head_dim, a.v_head_dim);
        add(named("format", std::string(name_of(a.format)), "prefill attention runs in BF16"));
    }
    void operator()(const IndexerScore& i) {
        add(known("queries", i.queries, "tokens", "of one micro-batch"));
        add(known("context", i.context, "tokens", field("/workload/context")));
        add(known("batch", i.batch, "requests", "of one micro-batch"));
        add(known("heads", i.heads, "", "model index_n_heads"));
        add(known("head_dim", i.head_dim, "", "model index_head_dim"));
    }
    void operator()(const Streaming& s) {
        const double tokens = study_.batch().tokens;
        add(known("bytes", s.bytes, words_ ? words_->rows : "read and written"));
        add(known("per token", s.bytes / tokens, fmt::format("bytes over {:.6g} tokens", tokens)));
    }

  private:
    void add(Known k) { inputs_.push_back(std::move(k)); }
    void rows(const char* axis, double value, const char* unit) {
        add(known(axis, value, unit, words_ ? words_->rows : ""));
    }
    void dimension(const char* axis, double value) {
        const Dimension* d = dimension_of(name_, axis);
        add(known(axis, value, "", d ? d->words : "model"));
    }
    void matrix(int n, int k) {
        dimension("n", n);
        dimension("k", k);
    }
    void format(std::string_view name) {
        add(named("format", std::string(name), words_ ? words_->format : ""));
    }
    void requests(double batch, int s_q, double context) {
        add(known("batch", batch, "requests", "of one micro-batch"));
        add(known("s_q", s_q, "tokens", "1 + drafts: queries of a request"));
        add(known("context", context, "tokens", field("/workload/context")));
    }
    void head_dims(int heads, int kv, int qk, int v) {
        add(known("heads", heads, "", "model heads / attention tp"));
        add(known("kv heads", kv, "", "model kv heads / attention tp"));
        add(known("qk head dim", qk, "", "model"));
        add(known("v head dim", v, "", "model"));
    }

    const char* name_;
    const KernelWords* words_;
    const Study& study_;
    std::vector<Known>& inputs_;
};

/// FLOP and bytes in symbols.
struct WorkWords {
    const char *flop, *bytes;
};
WorkWords work_words(const Op& op) {
    struct {
        WorkWords operator()(const Gemm&) const {
            return {"2 m n k", "A in format + B in format + C in BF16"};
        }
        WorkWords operator()(const BatchedGemm&) const { return {"2 batch m n k", "batch * (A + B + C)"}; }
        WorkWords operator()(const GroupedGemm&) const {
            return {"2 m n k", "rows in, every local expert's weights, rows out in BF16"};
        }
        WorkWords operator()(const FusedMoe&) const {
            return {"6 m hidden inter", "weights of active experts; tokens in and out in BF16"};
        }
        WorkWords operator()(const MlaDecode&) const {
            return {"2 batch s_q context heads (2 latent + rope)",
                    "each cached entry once for all heads; queries and outputs"};
        }
        WorkWords operator()(const FlashPrefill&) const {
            return {"2 pairs heads (qk + v dim), causal pairs", "Q, K, V and output once"};
        }
        WorkWords operator()(const GqaDecode&) const {
            return {"2 batch s_q context heads (qk + v dim)",
                    "K and V of every kv head; queries and outputs"};
        }
        WorkWords operator()(const IndexerScore&) const {
            return {"2 queries context heads head_dim",
                    "an index key and its scale per cached token; queries"};
        }
        WorkWords operator()(const Streaming&) const {
            return {"none counted", "what its operands need, once"};
        }
    } const words;
    return std::visit(words, op);
}

}  // namespace

void add_shape(const LayerOp& op, const Study& study, Explanation& e) {
    std::visit(Shape(op.name, study, e), op.op);
}

void add_work(const Op& op, Flops padded, Explanation& e) {
    const Work w          = work_of(op);
    const WorkWords words = work_words(op);
    if (w.flop > Flops{}) e.steps.push_back(known("FLOP", w.flop, words.flop));
    e.steps.push_back(known("bytes", w.bytes, words.bytes));
    if (w.flop > Flops{})
        e.steps.push_back(known("intensity", w.flop.base() / w.bytes.base(), "FLOP/B", "FLOP / bytes"));
    if (padded != w.flop)
        e.steps.push_back(known("padded FLOP", padded, "rows filled up to whole query tiles"));
}

}  // namespace isobath
