"""What PyTorch itself runs: linear layers in BF16 and FP8, batched products, attention, norm, copy (2.4 and later).

torch._scaled_mm takes one scale per tensor, and from 2.9 on CUDA 12.9 also 1x128 scales of activations with
128x128 scales of weights; earlier versions refuse those and the shape is skipped.
"""

import sys

import common


def scaled(gpu, shape):
    torch = gpu.torch
    m, n, k = shape["m"], shape["n"], shape["k"]
    if gpu.capability < (8, 9):
        raise common.Skip("FP8 products need compute capability 8.9")
    if shape["format"] == "fp8_block":
        a, a_scale = common.cast_rows(torch, gpu.random(m, k))
        b, b_scale = common.cast_blocks(torch, gpu.random(n, k))
        a_scale, b_scale = a_scale.t().contiguous().t(), b_scale.t()
    else:
        a, b = gpu.random(m, k).to(torch.float8_e4m3fn), gpu.random(n, k).to(torch.float8_e4m3fn)
        a_scale = b_scale = torch.ones((), device="cuda")
    return lambda: torch._scaled_mm(a, b.t(), scale_a=a_scale, scale_b=b_scale, out_dtype=torch.bfloat16,
                                    use_fast_accum=shape["format"] == "fp8_tensor")


def attention(gpu, shape):
    torch = gpu.torch
    sequences, q_len, kv_len, heads = (shape[a] for a in ("sequences", "q_len", "kv_len", "heads"))
    if q_len != kv_len:
        raise common.Skip("PyTorch's causal mask starts at the first key: only whole prompts")
    q, k = (gpu.random(sequences, heads, q_len, 192) for _ in range(2))
    v = gpu.random(sequences, heads, kv_len, 128)
    return lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)


def prepare(gpu, torch, shape):
    kernel = shape["kernel"]
    if kernel == "gemm" and shape["format"] != "bf16":
        return scaled(gpu, shape), ""
    if kernel == "gemm":
        x, weight = gpu.random(shape["m"], shape["k"]), gpu.random(shape["n"], shape["k"])
        return lambda: torch.nn.functional.linear(x, weight), ""
    if kernel == "batched_gemm":
        a = gpu.random(shape["batch"], shape["m"], shape["k"])
        b = gpu.random(shape["batch"], shape["k"], shape["n"])
        return lambda: torch.bmm(a, b), ""
    if kernel == "mla_prefill":
        return attention(gpu, shape), ""
    if kernel == "rms_norm":
        x, weight = gpu.random(shape["rows"], shape["columns"]), gpu.random(shape["columns"])
        return lambda: torch.nn.functional.rms_norm(x, weight.shape, weight), ""
    source = torch.zeros(shape["bytes"], dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return lambda: target.copy_(source), ""


if __name__ == "__main__":
    kernels = {"gemm": ["bf16", "fp8_tensor", "fp8_block"], "batched_gemm": ["bf16"], "mla_prefill": ["bf16"],
               "rms_norm": ["bf16"], "copy": ["bf16"]}
    sys.exit(common.main("torch", "torch", common.only(kernels), prepare))
