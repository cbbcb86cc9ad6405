/// Puts the kernels around a product on a list: casts, transposes, copies, and the product itself.
#pragma once

#include "model/streaming.h"
#include "model/train/train_ops.h"

namespace isobath {

/// A product Y[tokens, out] = X[tokens, in] * W and what its backward needs.
struct Linear {
    const char* name = "";
    int in = 0, out = 0;
    Format format = Format::bf16;
    double tokens = 0;
    bool cast_in  = true;  ///< X comes in BF16 and is cast here (FP8 only)
    bool cast_out = true;  ///< dY comes in BF16 and is cast here
    double in_seen =
        3;  ///< B per element to turn X over for the weights' product: BF16 in, FP8 out; 2: FP8 in
    double out_seen = 3;
};

/// Appends to one list; `phase` is where the next kernels go.
class TrainLister {
  public:
    TrainLister(const TrainShape& shape, TrainOps& out) : s(shape), out_(out) {}

    void in(TrainPhase phase) { phase_ = phase; }
    /// What follows is computed a second time.
    void again(bool yes) { again_ = yes; }

    void op(const char* name, Op what, Recipe recipe = Recipe::plain, double main_stream = 1) {
        out_.push_back({name, phase_, std::move(what), recipe, 1, again_, main_stream});
    }
    void bytes(const char* name, double count) { op(name, Streaming{count * unit::B}); }
    /// `times` kernels so small that only their launches count.
    void tiny(const char* name, int times) {
        bytes(name, 0);
        out_.back().times = times;
    }

    void forward(const Linear& l) {
        if (is_quantised(l.format)) {
            if (l.cast_in) bytes("cast", l.tokens * quantise_bytes(l.in, l.format));
            bytes("scales", l.tokens * scale_bytes(l.in));
        }
        op(l.name, Gemm{l.tokens, l.out, l.in, l.format});
    }

    /// dX = dY * W^T. With block scales W is turned over once, and X and dY are cast along tokens for the
    /// weights' product to come.
    void backward_input(const Linear& l) {
        if (is_quantised(l.format)) {
            bytes("turn weights", 2.0 * l.in * l.out);
            if (l.cast_out) bytes("cast", l.tokens * quantise_bytes(l.out, l.format));
            bytes("scales", l.tokens * scale_bytes(l.out));
        }
        op(l.name, Gemm{l.tokens, l.in, l.out, l.format});
        if (!is_quantised(l.format)) return;
        bytes("cast along tokens", l.tokens * l.in_seen * l.in);
        bytes("cast along tokens", l.tokens * l.out_seen * l.out);
    }

    /// dW[out, in] += dY^T * X.
    void backward_weight(const Linear& l) {
        op(l.name, Gemm{double(l.out), l.in, int(l.tokens), l.format}, Recipe::weight_gradient);
    }

    const TrainShape& s;

  private:
    /// One FP32 scale per 128 elements, read and written in the other order.
    static double scale_bytes(double width) { return 2 * 4 * width / 128; }

    TrainOps& out_;
    TrainPhase phase_ = TrainPhase::attention_forward;
    bool again_       = false;
};

}  // namespace isobath
