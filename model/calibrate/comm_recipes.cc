#include "model/calibrate/comm_recipes.h"

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "model/calibrate/fit_comm.h"

namespace isobath {
namespace {

const std::vector<CommRecipe>& recipes() {
    static const std::vector<CommRecipe> all{
        {"nccl-2.29.2",
         "NCCL 2.29.2, fitted with rows held back",
         "nccl-2.29",
         "nccl",
         "Least squares in the logarithm on nccl-tests rows of aiconfigurator (NVIDIA, Apache-2.0; NCCL "
         "2.29.2, half precision, 512 B to 512 MB on 2, 4 and 8 GPUs)",
         {"h100", "h200", "b200"}},
        {"trtllm-allreduce",
         "TensorRT-LLM 1.3's own all-reduce, NCCL 2.29.2 for the rest",
         "nccl-2.29.2",
         "all_reduce",
         "Least squares in the logarithm on the all-reduce rows of aiconfigurator (NVIDIA, Apache-2.0; "
         "TensorRT-LLM 1.3.0rc20 choosing by itself, bfloat16, 256 B to 1 GB on 2, 4 and 8 GPUs). One shot "
         "up "
         "to TensorRT-LLM's workspace: 16 MB for two ranks, 8 MB for more (customAllReduceUtils.h)",
         {"h100", "h200", "b200"}},
        {"deepep-sglang-0.5.12",
         "DeepEP V1 as SGLang 0.5.12 ships it (one node) and SGLang 0.5.0 did (several)",
         "deepep-v1-sglang-0.5",
         "deepep",
         "Least squares in the logarithm on aiconfigurator's DeepEP tables (NVIDIA, Apache-2.0): one node of "
         "8 "
         "H100, H200, B200 and of 4 GB200 (SGLang 0.5.12), 2, 4 and 8 nodes of H100 with one 400 Gbit/s NIC "
         "per "
         "GPU (SGLang 0.5.0; the H200 table repeats its numbers and is left out). Normal kernels with 4 to "
         "24 "
         "SMs, best chunk sizes, FP8 dispatch of cached layouts, BF16 combine, exchange of counts left out. "
         "On "
         "8 nodes normal kernels reach 18 GB/s per NIC, or 44 (combine, up to 8,192 tokens): fits of 8 nodes "
         "judge that cluster alone",
         {"h100", "h200", "b200", "gb200"}}};
    return all;
}

std::string listed(const std::vector<std::string>& names) {
    return joined(std::vector<std::string_view>(names.begin(), names.end()));
}

}  // namespace

const CommRecipe& comm_recipe(const std::string& name) {
    for (const CommRecipe& recipe : recipes())
        if (recipe.name == name) return recipe;
    throw SpecError("isobath calibrate: no communication preset \"" + clipped(name) +
                    "\" is fitted; allowed: " + listed(fitted_comm_presets()));
}

std::vector<std::string> fitted_comm_presets() {
    std::vector<std::string> names;
    for (const CommRecipe& recipe : recipes()) names.push_back(recipe.name);
    return names;
}

std::vector<std::string> gpus_of_comm_preset(const std::string& name) {
    return comm_recipe(name).gpus;
}

}  // namespace isobath
