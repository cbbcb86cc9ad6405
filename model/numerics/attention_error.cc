#include "model/numerics/attention_error.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "model/numerics/float_format.h"

namespace isobath::numerics {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Map    = Eigen::Map<const Matrix>;

constexpr std::size_t kBlock = 512;  ///< tokens that are made, stored and attended to together

Map view(const Tensor& t) {
    return {t.values.data(), static_cast<Eigen::Index>(t.rows), static_cast<Eigen::Index>(t.columns)};
}

/// Attention over a growing cache: numerators and denominators of the softmax, kept up to date.
class Core {
  public:
    Core(const Tensor& queries, int latent, bool fp8)
        : queries_(queries), values_(queries.rows, std::size_t(latent)), fp8_(fp8) {
        most_.assign(queries.rows, -1e30f);
        sum_.assign(queries.rows, 0);
        if (fp8_) quantise(queries_, Format::fp8_tensor, Role::activation);
    }

    void attend(const Tensor& block) {
        Matrix scores = view(queries_) * view(block).transpose();
        for (Eigen::Index q = 0; q < scores.rows(); ++q) weigh(scores.row(q), std::size_t(q));
        Eigen::Map<Matrix>(values_.values.data(), scores.rows(), Eigen::Index(values_.columns)).noalias() +=
            scores * view(block).leftCols(Eigen::Index(values_.columns));
    }

    Tensor output() const {
        Tensor out = values_;
        for (std::size_t q = 0; q < out.rows; ++q)
            for (float& v : out.row(q)) v /= sum_[q];
        return out;
    }

  private:
    /// Scores become weights, relative to the greatest score so far.
    template <class Row>
    void weigh(Row row, std::size_t q) {
        const float most = std::max(most_[q], row.maxCoeff()), keep = std::exp(most_[q] - most);
        row      = (row.array() - most).exp();
        sum_[q]  = sum_[q] * keep + row.sum();
        most_[q] = most;
        for (float& v : values_.row(q)) v *= keep;
        if (!fp8_) return;
        // Weights are at most 1: kernels scale them to E4M3's 448.
        for (float& weight : row) weight = rounded(kE4M3, weight * 448) / 448;
    }

    Tensor queries_, values_;
    std::vector<float> most_, sum_;
    bool fp8_;
};

float greatest(const Tensor& t, std::size_t from, std::size_t to) {
    float most = 0;
    for (std::size_t r = 0; r < t.rows; ++r)
        for (std::size_t c = from; c < to; ++c) most = std::max(most, std::fabs(t.at(r, c)));
    return most;
}

/// Stores blocks of tokens in one layout.
class Cache {
  public:
    Cache(KvLayout layout, std::size_t latent, const Tensor& first) : layout_(layout), latent_(latent) {
        latent_scale_ = std::max(greatest(first, 0, latent) / 448, 1e-30f);
        rope_scale_   = std::max(greatest(first, latent, first.columns) / 448, 1e-30f);
    }

    QuantisationCount store(Tensor& block) const {
        if (layout_ == KvLayout::bf16) return quantise(block, Format::bf16, Role::activation);
        QuantisationCount count;
        for (std::size_t t = 0; t < block.rows; ++t) {
            const std::span<float> row = block.row(t), rope = row.subspan(latent_);
            if (layout_ == KvLayout::fp8) {
                count += quantise_e4m3(row.first(latent_), latent_scale_);
                count += quantise_e4m3(rope, rope_scale_);
            } else {
                for (std::size_t c = 0; c < latent_; c += 128)
                    count += tile(row.subspan(c, std::min<std::size_t>(128, latent_ - c)));
                for (float& v : rope) v = rounded(kBf16, v);
            }
        }
        return count;
    }

  private:
    static QuantisationCount tile(std::span<float> values) {
        float most = 1e-30f;
        for (const float v : values) most = std::max(most, std::fabs(v));
        return quantise_e4m3(values, most / 448);
    }

    KvLayout layout_;
    std::size_t latent_;
    float latent_scale_, rope_scale_;
};

/// Makes tokens of a cache: normalised latents with a part in common, rope keys of greater and unequal size.
class Tokens {
  public:
    Tokens(const AttentionSample& sample, Noise& noise)
        : noise_(noise), columns_(std::size_t(sample.kv_lora_rank + sample.qk_rope_head_dim)) {
        const Outliers outliers;
        for (std::size_t c = 0; c < columns_; ++c) {
            const bool rope   = c >= std::size_t(sample.kv_lora_rank);
            const float scale = static_cast<float>(std::exp(outliers.spread * noise.normal()));
            scale_.push_back(rope ? 4 * scale : scale);
            mean_.push_back(rope ? 0 : static_cast<float>(sample.latent_mean) * scale * noise.normal());
        }
    }

    Tensor block(std::size_t tokens) {
        Tensor out(tokens, columns_);
        for (std::size_t t = 0; t < tokens; ++t)
            for (std::size_t c = 0; c < columns_; ++c) out.at(t, c) = mean_[c] + scale_[c] * noise_.normal();
        return out;
    }

  private:
    Noise& noise_;
    std::size_t columns_;
    std::vector<float> scale_, mean_;
};

/// Queries whose scores over `block` have the sample's deviation: the softmax scale is in them.
Tensor scaled_queries(const AttentionSample& sample, const Tensor& block, Noise& noise) {
    Tensor out(std::size_t(sample.queries), block.columns);
    for (float& v : out.values) v = noise.normal();
    Matrix scores = view(out) * view(block).transpose();
    for (std::size_t q = 0; q < out.rows; ++q) {
        const auto row        = scores.row(Eigen::Index(q)).array();
        const float deviation = std::sqrt((row - row.mean()).square().mean());
        for (float& v : out.row(q))
            v *= static_cast<float>(sample.score_deviation) / std::max(deviation, 1e-20f);
    }
    return out;
}

}  // namespace

std::vector<std::vector<AttentionError>> attention_errors(const AttentionSample& sample,
                                                          const std::vector<AttentionFormat>& formats,
                                                          Noise& noise, const Tensor& own) {
    Tokens made(sample, noise);
    const auto next = [&](std::size_t from, std::size_t count) {
        if (own.rows == 0) return made.block(count);
        Tensor out(count, own.columns);
        std::copy_n(own.values.begin() + std::ptrdiff_t(from * own.columns), out.values.size(),
                    out.values.begin());
        return out;
    };
    const std::size_t longest = own.rows ? own.rows : std::size_t(sample.contexts.back());
    Tensor block              = next(0, std::min(kBlock, longest));
    const Tensor queries      = scaled_queries(sample, block, noise);
    const auto latent         = std::size_t(sample.kv_lora_rank);
    Core exact(queries, sample.kv_lora_rank, false);
    std::vector<Core> cores;
    std::vector<Cache> caches;
    std::vector<QuantisationCount> counts(formats.size());
    std::vector<std::vector<AttentionError>> out(formats.size());
    for (const AttentionFormat& f : formats) {
        cores.emplace_back(queries, sample.kv_lora_rank, f.core == Format::fp8_tensor);
        caches.emplace_back(f.cache, latent, block);
    }
    std::size_t done = 0;
    for (const int context : sample.contexts) {
        if (std::size_t(context) > longest) break;
        for (; done < std::size_t(context); done += block.rows) {
            if (done > 0) block = next(done, std::min(kBlock, std::size_t(context) - done));
            exact.attend(block);
            for (std::size_t f = 0; f < formats.size(); ++f) {
                Tensor stored = block;
                counts[f] += caches[f].store(stored);
                cores[f].attend(stored);
            }
        }
        for (std::size_t f = 0; f < formats.size(); ++f)
            out[f].push_back({context, relative_error(exact.output(), cores[f].output()), counts[f]});
    }
    return out;
}

}  // namespace isobath::numerics
