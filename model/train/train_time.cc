#include "model/train/train_time.h"

#include <nlohmann/json.hpp>

#include "model/streaming.h"

namespace isobath {
namespace {

KernelCost scaled(KernelCost cost, const Figure<double>& by) {
    cost.estimate = {by.value * cost.estimate.time, by.low * cost.estimate.low, by.high * cost.estimate.high,
                     weaker(cost.estimate.source, Source::fitted)};
    return cost;
}

KernelCost weight_gradient(const KernelTime& kernels, const TrainingConstants& c, const Gemm& g, int sms) {
    KernelCost cost = kernels.cost(g, sms);
    cost.estimate   = cost.estimate + kernels.cost(streaming(g.m * g.n, 8), sms).estimate;
    return is_quantised(g.format) ? scaled(cost, c.weight_gradient) : cost;
}

KernelCost one(const KernelTime& kernels, const TrainingConstants& c, const TrainOp& op, int sms) {
    switch (op.recipe) {
        case Recipe::plain: break;
        case Recipe::weight_gradient: return weight_gradient(kernels, c, std::get<Gemm>(op.op), sms);
        case Recipe::attention_backward: {
            const FlashPrefill& core = std::get<FlashPrefill>(op.op);
            KernelCost cost          = kernels.cost(core, sms);
            cost.estimate            = backward_flop_ratio(core) * cost.estimate;
            return scaled(cost, c.attention_backward);
        }
    }
    return kernels.cost(op.op, sms);
}

}  // namespace

KernelCost train_cost(const KernelTime& kernels, const TrainingConstants& constants, const TrainOp& op,
                      int sms) {
    KernelCost cost = one(kernels, constants, op, sms);
    cost.estimate   = op.times * cost.estimate;
    return cost;
}

TrainingConstants load_training_constants(const DataFiles& data) {
    const std::string path    = "hw/calibrations/training/training.json";
    const nlohmann::json json = load_preset(data, "hw/calibrations/training", "training", path, "");
    SpecReader in(json, data.shown(path));
    in.integer("schema", 1, 1);
    in.ignore("title");
    TrainingConstants c{read_figure(in, "weight_gradient"), read_figure(in, "attention_backward"),
                        read_figure(in, "placing"), read_figure(in, "barrier"),
                        read_figure(in, "barrier_behind")};
    in.finish();
    return c;
}

}  // namespace isobath
