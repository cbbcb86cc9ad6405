/// What each component of a precision policy does to the arithmetic of one model, computed once per format.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/numerics/attention_error.h"
#include "model/numerics/product.h"
#include "model/numerics/router_error.h"
#include "model/numerics/stack_noise.h"
#include "model/precision.h"

namespace isobath::numerics {

/// What the computation works on. Tensors without rows are made by synthetic.h.
struct Sample {
    std::uint64_t seed = 1;
    int tokens = 16, outputs = 128;  ///< of each sampled GEMM; 128 outputs fill a 128x128 weight block
    Tensor activations, weights;     ///< the user's: their GEMM stands for all of the same k
    Tensor cache;                    ///< tokens x (kv_lora_rank + qk_rope_head_dim)
    AttentionSample attention;
    RouterSample router;
    int stack_context = 8192;  ///< the context whose attention error goes through the layers
};

/// One product or transfer of a layer in the policy's formats.
struct PartError {
    std::string component, name;  ///< "moe", "gate and up"
    int k         = 0;            ///< summed products; the width of what is sent, for dispatch and combine
    Format format = Format::bf16;
    RelativeError error;
    double saturated = 0, flushed = 0;  ///< shares of the quantised values
};

/// Errors of blocks and of what makes logits, relative and squared.
struct BlockVariances {
    double attention = 0, dense = 0, experts = 0, head = 0, mtp = 0;
};

/// Computes errors by format and keeps them. One seed gives the same tensors to every format.
class ErrorTable {
  public:
    /// Throws SpecError unless the model has MLA and routed experts, or a tensor of the sample does not fit
    /// it.
    ErrorTable(const ModelSpec& model, Sample sample);

    const ModelSpec& model() const { return model_; }
    const Sample& sample() const { return sample_; }

    const ProductError& product(int k, Format format);
    const ProductError& transfer(Format format);  ///< a token's hidden state, sent and read back
    /// By context, of one way to keep the cache.
    const std::vector<AttentionError>& attention(const AttentionFormat& format);
    void prepare_attention(const std::vector<AttentionFormat>& formats);  ///< several in one pass

    std::vector<PartError> parts(const PrecisionPolicy& policy);
    BlockVariances blocks(const PrecisionPolicy& policy);
    StackNoise hidden(const PrecisionPolicy& policy);
    RouterError router(Format format);  ///< the gate's own GEMM

  private:
    ModelSpec model_;
    Sample sample_;
    std::map<std::pair<int, Format>, ProductError> products_;
    std::map<Format, ProductError> transfers_;
    std::vector<std::pair<AttentionFormat, std::vector<AttentionError>>> attentions_;
    std::map<Format, RouterError> routers_;
};

}  // namespace isobath::numerics
