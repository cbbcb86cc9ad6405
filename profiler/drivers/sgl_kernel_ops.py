"""SGLang's own kernels (sgl-kernel 0.1 to 0.3): norm, SwiGLU, quantise, gate, FP8 products."""

import sys

import common


def quantise(gpu, sgl_kernel, shape):
    torch = gpu.torch
    x = gpu.random(shape["rows"], shape["columns"])
    values = torch.empty_like(x, dtype=torch.float8_e4m3fn)
    scales = torch.empty(shape["rows"], shape["columns"] // 128, device="cuda", dtype=torch.float32)
    # The last argument (scales as powers of two) came with 0.1.8.
    for tail in ((False,), ()):
        try:
            sgl_kernel.sgl_per_token_group_quant_fp8(x, values, scales, 128, 1e-10, -448.0, 448.0, *tail)
        except TypeError:
            continue
        return lambda: sgl_kernel.sgl_per_token_group_quant_fp8(x, values, scales, 128, 1e-10, -448.0, 448.0, *tail)
    raise common.Skip("sgl_per_token_group_quant_fp8 takes other arguments")


def product(gpu, sgl_kernel, shape):
    torch = gpu.torch
    m, n, k = shape["m"], shape["n"], shape["k"]
    if shape["format"] == "fp8_block":
        if m % 4:
            raise common.Skip("rows must be a multiple of 4")
        a, a_scale = common.cast_rows(torch, gpu.random(m, k))
        b, b_scale = common.cast_blocks(torch, gpu.random(n, k))
        by_column = a_scale.t().contiguous().t()
        return lambda: sgl_kernel.fp8_blockwise_scaled_mm(a, b.t(), by_column, b_scale.t(), torch.bfloat16)
    a, b = gpu.random(m, k).to(torch.float8_e4m3fn), gpu.random(n, k).to(torch.float8_e4m3fn)
    a_scale, b_scale = (torch.ones(size, 1, device="cuda") for size in (m, n))
    return lambda: sgl_kernel.fp8_scaled_mm(a, b.t(), a_scale, b_scale, torch.bfloat16)


def prepare(gpu, sgl_kernel, shape):
    kernel = shape["kernel"]
    if kernel == "gemm":
        gpu.need_hopper()
        return product(gpu, sgl_kernel, shape), ""
    if kernel == "quantise":
        return quantise(gpu, sgl_kernel, shape), ""
    if kernel == "gate":
        scores = gpu.random(shape["rows"], shape["experts"], dtype=gpu.torch.float32)
        bias = gpu.random(shape["experts"], dtype=gpu.torch.float32)
        return lambda: sgl_kernel.moe_fused_gate(scores, bias, num_expert_group=shape["groups"],
                                                 topk_group=shape["topk_groups"], topk=shape["top_k"]), ""
    if kernel == "rms_norm":
        x, weight = gpu.random(shape["rows"], shape["columns"]), gpu.random(shape["columns"])
        return lambda: sgl_kernel.rmsnorm(x, weight), ""
    both = gpu.random(shape["rows"], 2 * shape["columns"])
    return lambda: sgl_kernel.silu_and_mul(both), ""


if __name__ == "__main__":
    kernels = {"gemm": ["fp8_tensor", "fp8_block"], "quantise": ["fp8_block"], "gate": ["bf16"],
               "rms_norm": ["bf16"], "swiglu": ["bf16"]}
    sys.exit(common.main("sgl-kernel", "sgl_kernel", common.only(kernels), prepare))
