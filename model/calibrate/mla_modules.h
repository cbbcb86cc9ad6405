/// Whole attention modules as tables time them: every kernel of the block, one after the other.
///
/// What a module takes beyond its products and its attention core tells what its small kernels take; that
/// holds for shapes and formats of the projections that no module was measured with.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hw/calibration.h"
#include "hw/gpu.h"
#include "model/arch.h"
#include "model/calibrate/silicon.h"
#include "model/calibrated_time.h"
#include "model/layer.h"

namespace isobath {

/// One module: the kernels of append_attention() without the norms before and after the block.
struct ModuleSample {
    std::vector<Op> ops;
    std::string site;  ///< heads, cache format and batch: left out together
    Seconds time;
    std::string key;
    bool held_back = false;
};

struct ModuleTable {
    Pass pass = Pass::decode;
    std::string implementation;  ///< with the attention kernel's name where the library has several
    std::string measured_on, source;
    std::vector<ModuleSample> samples;
};

/// The rows of mla_decode_module and mla_context_module, one table per pass, library and attention kernel.
/// `model` has the heads and ranks of the measured one. Throws SpecError on an unknown format.
std::vector<ModuleTable> module_tables(std::span<const SiliconTable> tables, const ModelSpec& model);

/// Fits `streaming` to the modules of libraries whose attention core is calibrated, and judges it: a launch
/// and a share of bandwidth, for decode and prefill together. Nothing happens where `calibration` lacks the
/// products or the core that the modules hold.
void fit_modules(Calibration& calibration, const GpuSpec& gpu, std::span<const ModuleTable> tables);

/// Fits decode cores that no table times alone to modules, all else in them being known, and judges them;
/// after fit_modules(). The first implementation of a family stays the preferred one.
void fit_module_cores(Calibration& calibration, const GpuSpec& gpu, std::span<const ModuleTable> tables);

/// The implementations of the library that `implementation` names ("sglang-0.5.10-fa3": "sglang-..."), where
/// the calibration has any: a library's modules hold its own products.
KernelChoice choice_of(const Calibration& calibration, const std::string& implementation);

/// The module as a step would pay for it: the sum over its kernels.
Estimate module_time(const KernelTime& time, const ModuleSample& sample, int sms);

}  // namespace isobath
