#include "model/train/train_ops.h"

#include <algorithm>

#include "model/calibrated_time.h"
#include "model/counts.h"
#include "model/train/train_memory.h"
#include "model/train/train_time.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

constexpr double kTokens = 4096;

struct Made {
    ModelSpec model;
    PrecisionPolicy precision;

    explicit Made(const char* name, const char* policy = "deepseek-fp8")
        : model(load_model(DataFiles(), name)), precision(load_precision(DataFiles(), policy)) {}

    /// One sequence of 4,096 tokens; experts evenly loaded over 64 ranks.
    TrainShape shape(Recompute recompute = Recompute::selective) const {
        TrainShape s{model, precision, 1, 1, kTokens, kTokens, recompute};
        if (!model.moe) return s;
        s.local_experts   = model.moe->n_routed_experts / 64;
        s.expert_rows     = kTokens * model.moe->num_experts_per_tok;
        s.row_variance    = s.expert_rows / s.local_experts;
        s.received_tokens = 7 * kTokens;
        return s;
    }
};

TrainOps moe_layer(const TrainShape& s) {
    TrainOps ops;
    append_train_attention(s, ops);
    append_train_moe(s, ops);
    return ops;
}

Flops useful(const TrainOps& ops) {
    Flops sum;
    for (const TrainOp& op : ops) sum += useful_flop_of(op);
    return sum;
}

Flops all(const TrainOps& ops) {
    Flops sum;
    for (const TrainOp& op : ops) sum += flop_of(op);
    return sum;
}

int kernels(const TrainOps& ops, TrainPhase phase) {
    double sum = 0;
    for (const TrainOp& op : ops) sum += op.phase == phase ? op.times : 0;
    return int(sum);
}

}  // namespace

TEST_CASE("train ops: kernels of all layers do the FLOP that the model counts", "[model][train]") {
    // DeepSeek-V3 at 4,096 causal tokens: 250.457 GFLOP per token, forward and backward, without MTP. Kernels
    // are listed one by one, the count knows parameters alone.
    for (const char* name : {"deepseek-v3", "deepseek-v2-lite", "llama-3.1-405b"})
        for (const Recompute r : {Recompute::none, Recompute::selective, Recompute::full}) {
            const Made made(name);
            const TrainShape s = made.shape(r);
            TrainOps dense, head;
            append_train_attention(s, dense);
            append_train_dense_ffn(s, dense);
            append_train_head(s, head);
            const Flops moe  = made.model.moe ? useful(moe_layer(s)) : Flops{};
            const Flops step = double(made.model.dense_layers()) * useful(dense) +
                               double(made.model.moe_layers()) * moe + useful(head);
            INFO(name);
            CHECK((step / kTokens).in(unit::GFLOP) ==
                  Approx(training_flops(made.model, kTokens, 0).total().in(unit::GFLOP)).epsilon(1e-9));
        }
    CHECK(training_flops(Made("deepseek-v3").model, kTokens, 0).total().in(unit::GFLOP) ==
          Approx(250.457).margin(0.001));
}

TEST_CASE("train ops: an MTP module adds its layer, its joining product and a head", "[model][train]") {
    const Made made("deepseek-v3");
    TrainOps module = moe_layer(made.shape());
    append_train_mtp_in(made.shape(), module);
    append_train_head(made.shape(), module);
    const Flops more =
        training_flops(made.model, kTokens, 1).total() - training_flops(made.model, kTokens, 0).total();
    CHECK((useful(module) / kTokens).in(unit::GFLOP) == Approx(more.in(unit::GFLOP)).epsilon(1e-9));
}

TEST_CASE("train ops: a layer has the kernels of DeepSeek's trace", "[model][train]") {
    // Launches per phase in the trace: 65, 19-20, 29, 12, 100, 5. Weight products and their count are exact;
    // of the small ones some are told apart otherwise (within 5).
    const TrainOps ops = moe_layer(Made("deepseek-v3").shape());
    CHECK(kernels(ops, TrainPhase::attention_forward) == Approx(65).margin(5));
    CHECK(kernels(ops, TrainPhase::ffn_forward) == Approx(19).margin(2));
    CHECK(kernels(ops, TrainPhase::ffn_input) == 29);
    CHECK(kernels(ops, TrainPhase::ffn_weight) == 12);
    CHECK(kernels(ops, TrainPhase::attention_input) == Approx(100).margin(5));
    CHECK(kernels(ops, TrainPhase::attention_weight) == 5);
}

TEST_CASE("train ops: what is computed again grows with recomputation, the model's own FLOP do not",
          "[model][train]") {
    const Made made("deepseek-v3");
    const TrainOps none = moe_layer(made.shape(Recompute::none)),
                   some = moe_layer(made.shape(Recompute::selective)),
                   full = moe_layer(made.shape(Recompute::full));
    CHECK(all(none) < all(some));
    CHECK(all(some) < all(full));
    CHECK(useful(none) == useful(full));
    // Attention's scores are computed again in any backward pass.
    CHECK(useful(none) < all(none));
}

TEST_CASE("train ops: in BF16 nothing is cast or turned over", "[model][train]") {
    const Made made("deepseek-v3", "bf16");
    for (const TrainOp& op : moe_layer(made.shape())) {
        const std::string_view name = op.name;
        CHECK((name != "cast" && name != "turn weights" && name != "cast along tokens" && name != "scales"));
    }
}

TEST_CASE("train ops: a backward core does 2.6 times the forward's FLOP at widths 192 and 128",
          "[model][train]") {
    // S again, dQ, dK have the width of keys, dP and dV that of values: (3 * 192 + 2 * 128) / (192 + 128).
    CHECK(backward_flop_ratio({1, 4096, 4096, 128, 128, 192, 128, Format::bf16}) == Approx(2.6));
    CHECK(backward_flop_ratio({1, 4096, 4096, 64, 8, 128, 128, Format::bf16}) == Approx(2.5));
}

TEST_CASE("train time: a weights' product takes its product and its FP32 sum's traffic", "[model][train]") {
    const GpuSpec gpu = load_gpu(DataFiles(), "h800");
    const RooflineTime roofline(gpu);
    const TrainingConstants c = load_training_constants(DataFiles());
    const Gemm product{7168, 16384, 4096, Format::bf16};
    const TrainOp op{"o", TrainPhase::attention_weight, product, Recipe::weight_gradient};
    // 7168 * 16384 weights, 8 B each, at 3.35 TB/s: 0.280 ms on top, and no factor in BF16.
    const Seconds more =
        train_cost(roofline, c, op, 132).estimate.time - roofline.cost(product, 132).estimate.time;
    CHECK(more.in(unit::ms) == Approx(7168. * 16384 * 8 / 3.35e12 * 1e3).epsilon(1e-6));
}

TEST_CASE("train memory: the stages of a pipeline hold every parameter once", "[model][train]") {
    // 671.03 B of the model; experts of 64 ranks counted 64 times over what one holds.
    const Made made("deepseek-v3");
    const TrainShape s            = made.shape();
    const RankParameters p        = parameters_of(s, {3, 58, 0, 1, true}, 64);
    const ModelParameters counted = parameters_of(made.model);
    CHECK(p.replicated + 64 * p.experts == Approx(double(counted.all())).epsilon(1e-9));
    const RankParameters with = parameters_of(s, {3, 58, 1, 2, true}, 64);
    CHECK(with.replicated + 64 * with.experts ==
          Approx(double(counted.all() + counted.mtp.all())).epsilon(1e-6));
}

TEST_CASE("train memory: ZeRO-1 divides the optimiser's state by the replicas", "[model][train]") {
    // 10 B replicated over 8, 4 B of experts over 2; FP32 master and two BF16 moments: 8 B each.
    const RankParameters p{10e9, 4e9, Bytes{14e9}};
    TrainMemory whole, cut;
    add_parameters(p, {.zero = 0}, 8, 2, whole);
    add_parameters(p, {.zero = 1}, 8, 2, cut);
    CHECK(whole.optimiser.in(unit::GB) == Approx(14 * 8));
    CHECK(cut.optimiser.in(unit::GB) == Approx(10 + 16));
    CHECK(cut.gradients.in(unit::GB) == Approx(56));
}

TEST_CASE("train memory: more is kept the less is computed again", "[model][train]") {
    const Made made("deepseek-v3");
    const Bytes none = kept_of_layer(made.shape(Recompute::none), true),
                some = kept_of_layer(made.shape(Recompute::selective), true),
                full = kept_of_layer(made.shape(Recompute::full), true);
    CHECK(full < some);
    CHECK(some < none);
    CHECK(full.in(unit::MB) == Approx(4096 * 7168 * 2 / 1e6));
}
