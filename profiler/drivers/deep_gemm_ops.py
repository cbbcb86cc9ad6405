"""DeepGEMM: dense and grouped FP8 products with DeepSeek's block scales.

Both interfaces are known: 2.x (fp8_gemm_nt, m_grouped_fp8_gemm_nt_{contiguous,masked}) and 1.x, which names the
same functions gemm_fp8_fp8_bf16_nt and m_grouped_gemm_fp8_fp8_bf16_nt_{contiguous,masked}.
"""

import random
import sys

import common


def function(deep_gemm, *names):
    for name in names:
        if hasattr(deep_gemm, name):
            return getattr(deep_gemm, name)
    raise common.Skip(f"this DeepGEMM has none of {', '.join(names)}")


def align(deep_gemm, scales):
    """Scales as TMA reads them, so that no transposing kernel runs inside the range."""
    for name in ("get_mn_major_tma_aligned_tensor", "get_col_major_tma_aligned_tensor"):
        if hasattr(deep_gemm, name):
            return getattr(deep_gemm, name)(scales)
    return scales


def activations(gpu, deep_gemm, *shape):
    values, scales = common.cast_rows(gpu.torch, gpu.random(*shape))
    return values, align(deep_gemm, scales)


def dense(gpu, deep_gemm, shape):
    gemm = function(deep_gemm, "fp8_gemm_nt", "gemm_fp8_fp8_bf16_nt")
    m, n, k = shape["m"], shape["n"], shape["k"]
    a, b = activations(gpu, deep_gemm, m, k), common.cast_blocks(gpu.torch, gpu.random(n, k))
    out = gpu.torch.empty(m, n, device="cuda", dtype=gpu.torch.bfloat16)
    return lambda: gemm(a, b, out)


def rows_of(shape):
    """Rows of each expert, uniform within the spread; the same ones every time."""
    draw, spread = random.Random(1), shape["spread_percent"] / 100
    return [max(1, round(shape["rows_per_expert"] * draw.uniform(1 - spread, 1 + spread))) for _ in range(shape["experts"])]


def weights(gpu, shape):
    return common.cast_blocks(gpu.torch, gpu.random(shape["experts"], shape["n"], shape["k"]))


def contiguous(gpu, deep_gemm, shape):
    gemm = function(deep_gemm, "m_grouped_fp8_gemm_nt_contiguous", "m_grouped_gemm_fp8_fp8_bf16_nt_contiguous")
    torch = gpu.torch
    alignment = 128  # rows of one expert are padded to this on Hopper
    expert_of_row = []
    for expert, rows in enumerate(rows_of(shape)):
        expert_of_row += [expert] * rows + [-1] * (-rows % alignment)
    a = activations(gpu, deep_gemm, len(expert_of_row), shape["k"])
    out = torch.empty(len(expert_of_row), shape["n"], device="cuda", dtype=torch.bfloat16)
    indices, b = torch.tensor(expert_of_row, dtype=torch.int32, device="cuda"), weights(gpu, shape)
    return lambda: gemm(a, b, out, indices)


def masked(gpu, deep_gemm, shape):
    gemm = function(deep_gemm, "m_grouped_fp8_gemm_nt_masked", "fp8_m_grouped_gemm_nt_masked",
                    "m_grouped_gemm_fp8_fp8_bf16_nt_masked")
    torch = gpu.torch
    counts = rows_of(shape)
    most = -(-max(counts) // 128) * 128
    a = activations(gpu, deep_gemm, shape["experts"], most, shape["k"])
    out = torch.empty(shape["experts"], most, shape["n"], device="cuda", dtype=torch.bfloat16)
    rows, b = torch.tensor(counts, dtype=torch.int32, device="cuda"), weights(gpu, shape)
    return lambda: gemm(a, b, out, rows, shape["rows_per_expert"])


def prepare(gpu, deep_gemm, shape):
    gpu.need_hopper()
    if shape["kernel"] == "gemm":
        return dense(gpu, deep_gemm, shape), ""
    return (contiguous if shape["contiguous"] else masked)(gpu, deep_gemm, shape), ""


if __name__ == "__main__":
    supports = common.only({"gemm": ["fp8_block"], "grouped_gemm": ["fp8_block"]})
    sys.exit(common.main("deepgemm", "deep_gemm", supports, prepare))
