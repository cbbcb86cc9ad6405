// One kernel's time by its fitted form.
#include <nlohmann/json.hpp>

#include "hw/gpu.h"
#include "hw/spec_reader.h"
#include "model/calibrate/judge.h"
#include "model/calibrated_time.h"
#include "sim/validate/evaluators.h"
#include "sim/validate/kernel_op.h"

namespace isobath {
namespace {

using nlohmann::json;

/// A benchmark of silicon tables names the calibration that is judged; others run with a cold L2.
Estimate estimate_of(const json& predict, const Op& op, const GpuSpec& gpu, const Calibration& calibration) {
    const std::string implementation = predict.value("implementation", std::string());
    const std::string family         = family_for(op, calibration);
    if (predict.contains("calibration")) return as_benchmarked(calibration, gpu, family, implementation, op);
    KernelChoice choice;
    if (!implementation.empty()) choice[family] = implementation;
    return CalibratedTime(gpu, calibration, choice).cost(op, gpu.sm_count).estimate;
}

}  // namespace

Predicted evaluate_kernel(const json& predict, const std::string& gpu, const Calibration& calibration,
                          const DataFiles& data) {
    const Op op          = kernel_op(predict["kernel"]);
    const Estimate t     = estimate_of(predict, op, load_gpu(data, gpu), calibration);
    const std::string as = predict.value("as", "time");
    if (as == "time") return {t.time.base(), t.low.base(), t.high.base()};
    const Work work     = work_of(op);
    const double amount = as == "tflops" ? work.flop.base() : work.bytes.base();
    return {amount / t.time.base(), amount / t.high.base(), amount / t.low.base()};
}

}  // namespace isobath
