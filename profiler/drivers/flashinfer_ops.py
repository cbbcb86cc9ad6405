"""FlashInfer: MLA decode on pages, MLA prefill on ragged K and V, RMSNorm and SwiGLU (API of 0.2 to 0.5)."""

import sys

import common

WORKSPACE = 256 << 20


def starts(torch, count, length):
    return torch.arange(count + 1, dtype=torch.int32, device="cuda") * length


def decode(gpu, flashinfer, shape):
    torch = gpu.torch
    batch, s_q, context, heads = (shape[a] for a in ("batch", "s_q", "context", "heads"))
    dtype = torch.bfloat16
    page = 64 if context % 64 == 0 else 1
    pages = context // page
    workspace = torch.empty(WORKSPACE, dtype=torch.int8, device="cuda")
    wrapper = flashinfer.mla.BatchMLAPagedAttentionWrapper(workspace, backend="auto")
    lengths = torch.full((batch,), context, dtype=torch.int32, device="cuda")
    indices = torch.arange(batch * pages, dtype=torch.int32, device="cuda")
    wrapper.plan(starts(torch, batch, s_q), starts(torch, batch, pages), indices, lengths, heads, 512, 64, page,
                 s_q > 1, (128 + 64) ** -0.5, dtype, dtype)
    q, q_rope = gpu.random(batch * s_q, heads, 512), gpu.random(batch * s_q, heads, 64)
    cache, key = gpu.random(batch * pages, page, 512), gpu.random(batch * pages, page, 64)
    return lambda: wrapper.run(q, q_rope, cache, key)


def prefill(gpu, flashinfer, shape):
    torch = gpu.torch
    sequences, q_len, kv_len, heads = (shape[a] for a in ("sequences", "q_len", "kv_len", "heads"))
    workspace = torch.empty(WORKSPACE, dtype=torch.uint8, device="cuda")
    wrapper = flashinfer.BatchPrefillWithRaggedKVCacheWrapper(workspace, "NHD")
    wrapper.plan(starts(torch, sequences, q_len), starts(torch, sequences, kv_len), heads, heads, 192,
                 head_dim_vo=128, causal=True, q_data_type=torch.bfloat16)
    q = gpu.random(sequences * q_len, heads, 192)
    k, v = gpu.random(sequences * kv_len, heads, 192), gpu.random(sequences * kv_len, heads, 128)
    return lambda: wrapper.run(q, k, v)


def prepare(gpu, flashinfer, shape):
    kernel = shape["kernel"]
    if kernel == "mla_decode":
        import flashinfer.mla  # noqa: F401  a sub-module, not loaded with the package in every version

        return decode(gpu, flashinfer, shape), ""
    if kernel == "mla_prefill":
        return prefill(gpu, flashinfer, shape), ""
    rows, columns = shape["rows"], shape["columns"]
    if kernel == "rms_norm":
        x, weight = gpu.random(rows, columns), gpu.random(columns)
        return lambda: flashinfer.norm.rmsnorm(x, weight), ""
    both = gpu.random(rows, 2 * columns)
    return lambda: flashinfer.activation.silu_and_mul(both), ""


if __name__ == "__main__":
    kernels = {"mla_decode": ["bf16"], "mla_prefill": ["bf16"], "rms_norm": ["bf16"], "swiglu": ["bf16"]}
    sys.exit(common.main("flashinfer", "flashinfer", common.only(kernels), prepare))
