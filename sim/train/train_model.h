/// A training scenario turned into what every evaluation shares, and the times of the blocks a model is made
/// of.
#pragma once

#include <array>
#include <memory>

#include "hw/contention.h"
#include "model/comm/network.h"
#include "model/train/rank_imbalance.h"
#include "model/train/train_memory.h"
#include "model/train/train_time.h"
#include "sim/scenario.h"
#include "sim/step.h"

namespace isobath {

/// How a run is cut over its GPUs and its batch; the part of a scenario that a sweep changes.
struct TrainLayout {
    int pp = 1, tp = 1, cp = 1, dp = 1, ep = 1;
    int micro_batch = 1, global_batch = 1;
    double sequence     = 4096;
    Schedule schedule   = Schedule::dualpipe;
    Recompute recompute = Recompute::selective;
    int zero            = 1;

    int gpus() const { return pp * tp * cp * dp; }
    /// Micro-batches that pass one pipeline in a step; 0 if they do not come out whole.
    int batches() const {
        const std::int64_t at_once = std::int64_t{dp} * micro_batch;
        return global_batch % at_once == 0 ? static_cast<int>(global_batch / at_once) : 0;
    }
    double tokens() const { return micro_batch * sequence / cp; }
};

TrainLayout layout_of(const Scenario& scenario);

/// What a pipeline stage is made of.
enum class Block : std::uint8_t { embedding, dense, moe, mtp, head };
inline constexpr int kBlockCount = 5;

/// One micro-batch of one block.
struct BlockTimes {
    std::array<Seconds, kTrainPhaseCount> beside{};  ///< on the SMs that communication leaves
    std::array<Seconds, kTrainPhaseCount> alone{};   ///< on all
    std::array<Seconds, kSourceCount> by_source{};   ///< of `beside`
    Seconds weight_main_stream;                      ///< of ffn_weight, what the main stream shows
    Flops flop;                                      ///< all, recomputed ones included
    bool exchange = false;
};

/// The all-to-all of one micro-batch of one layer, nothing else running.
struct ExchangeTimes {
    Seconds dispatch;  ///< forward: tokens are counted and placed
    Seconds repeat;    ///< backward of combine: gradients go where the tokens went
    Seconds combine;
    Seconds cast;                       ///< of those gradients, on the SMs of communication
    Seconds notify;                     ///< before each
    Bytes dispatch_rdma, combine_rdma;  ///< through the busiest NIC
    double distinct_nodes = 0, distinct_ranks = 0;
    Source source = Source::assumed;
};

/// Everything one micro-batch of any layer costs under a layout.
struct LayerCosts {
    std::array<BlockTimes, kBlockCount> blocks{};
    ExchangeTimes exchange;
    RankImbalance imbalance;
    Seconds reduce;  ///< of tensor parallelism, one sum in each half of a layer and direction
    double expert_rows = 0, received_tokens = 0;  ///< of the busiest rank
    /// The busiest rank over the mean, of all that it keeps at once: other layers' and micro-batches' luck
    /// evens out.
    double kept_imbalance = 1;

    const BlockTimes& of(Block block) const { return blocks[static_cast<std::size_t>(block)]; }
};

class TrainModel {
  public:
    /// Throws SpecError where a preset is missing, or the scenario is not one of training. `sample` is a
    /// router trained before, for the same model, balance and seed; null: trained here where balance is not
    /// even (0.3 s).
    TrainModel(const Scenario& scenario, const DataFiles& data,
               std::shared_ptr<const RouterSample> sample = nullptr);

    const Scenario& scenario() const { return scenario_; }
    const TrainingConstants& constants() const { return constants_; }
    const ContentionConstants& contention() const { return contention_; }
    const CommRates& rates() const { return rates_; }
    const KernelTime& kernels() const { return *kernels_; }
    std::shared_ptr<const RouterSample> sample() const { return sample_; }

    /// Kernels and exchanges of one micro-batch; `bend` as evaluate(StepModel) has it.
    LayerCosts costs(const TrainLayout& layout, const Bend& bend = {}) const;
    /// The shape behind them, whose references live as long as this model.
    TrainShape shape(const TrainLayout& layout, const LayerCosts& costs) const;
    ExchangeTraffic traffic(const TrainLayout& layout) const;

    int comm_sms() const;

  private:
    void cost_exchange(const TrainLayout& layout, const Bend& bend, LayerCosts& out) const;
    void cost_blocks(const TrainLayout& layout, const Bend& bend, LayerCosts& out) const;
    BlockTimes cost_block(const TrainShape& shape, Block block, const Bend& bend) const;

    Scenario scenario_;
    std::shared_ptr<const KernelTime> kernels_;
    std::shared_ptr<const CommLibrary> library_;
    CommRates rates_;
    ContentionConstants contention_;
    TrainingConstants constants_;
    std::shared_ptr<const RouterSample> sample_;
};

}  // namespace isobath
