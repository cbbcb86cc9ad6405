/// Fits dense and batched products of silicon tables, where a library pipelines, splits k and quantises.
#pragma once

#include <span>
#include <string>

#include "hw/calibration.h"
#include "hw/gpu.h"
#include "model/calibrate/fit_kernels.h"

namespace isobath {

/// What is known of a library's kernels and not fitted.
struct ProductLibrary {
    int max_tile_n = 256;
    bool splits    = false;  ///< cuts k where tiles are few
    bool quantises = false;  ///< the benchmark times a quantise kernel too
    bool warm      = false;  ///< the benchmark repeats on the same operands
    bool sparse    = false;  ///< too few sites to tell stages, shares and overlap apart: held at their starts
    Fitted<Seconds> launch;  ///< of the product's kernel, from another family; zero: not known
};

/// Fits one implementation's rows, none of them held back.
///
/// The narrowest tile is one of 16, 32 and 64, whichever leaves the least loss. Constants are drawn weakly to
/// where Hopper's and Blackwell's kernels lie, so that a handful of sites settles them all. The residual
/// factor is that of sites left out in turn: what a new shape may be off by.
FamilyFit<GemmConstants> fit_product(const GpuSpec& gpu, const Samples& samples,
                                     const ProductLibrary& library);

/// Products whose rows are named by keys, as those of silicon tables are: the form above fits them.
bool is_silicon_product(const KernelTable& table);

/// Every product family for which silicon tables hold rows. The implementation with the most rows of a family
/// is its default. Throws SpecError if one has too few rows.
void fit_gemm_tables(const GpuSpec& gpu, std::span<const KernelTable> tables, Calibration& out);

/// As the row's benchmark timed it, by the implementation of one of the families above.
Seconds benchmark_time(const GemmConstants& c, const GpuSpec& gpu, const Op& op);

}  // namespace isobath
