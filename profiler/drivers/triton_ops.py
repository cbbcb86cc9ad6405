"""Small kernels as serving engines write them in Triton (3.0 and later): norm, SwiGLU with quantising, copy."""

import sys

import common

BLOCK = 128  # elements that share a scale


def kernels():
    """Defined late, because Triton is not there in a dry run."""
    import triton
    import triton.language as tl

    @triton.jit
    def copy(source, target, count, SIZE: tl.constexpr):
        at = tl.program_id(0).to(tl.int64) * SIZE + tl.arange(0, SIZE)
        tl.store(target + at, tl.load(source + at, mask=at < count), mask=at < count)

    @triton.jit
    def rms_norm(x, weight, out, columns, eps, SIZE: tl.constexpr):
        row, at = tl.program_id(0).to(tl.int64), tl.arange(0, SIZE)
        inside = at < columns
        values = tl.load(x + row * columns + at, mask=inside, other=0.0).to(tl.float32)
        scale = tl.rsqrt(tl.sum(values * values) / columns + eps)
        gain = tl.load(weight + at, mask=inside, other=0.0).to(tl.float32)
        tl.store(out + row * columns + at, (values * scale * gain).to(tl.bfloat16), mask=inside)

    @triton.jit
    def swiglu_quantise(both, out, scales, columns, SIZE: tl.constexpr):
        row, block = tl.program_id(0).to(tl.int64), tl.program_id(1)
        at = block * SIZE + tl.arange(0, SIZE)
        gate = tl.load(both + row * 2 * columns + at).to(tl.float32)
        up = tl.load(both + row * 2 * columns + columns + at).to(tl.float32)
        product = gate * tl.sigmoid(gate) * up
        scale = tl.maximum(tl.max(tl.abs(product)), 1e-10) / 448.0
        tl.store(out + row * columns + at, (product / scale).to(tl.float8e4nv))
        tl.store(scales + row * (columns // SIZE) + block, scale)

    return copy, rms_norm, swiglu_quantise, triton.next_power_of_2


def prepare(gpu, triton, shape):
    torch = gpu.torch
    copy, rms_norm, swiglu_quantise, next_power_of_2 = kernels()
    if shape["kernel"] == "copy":
        words = shape["bytes"] // 4
        source = torch.zeros(words, dtype=torch.float32, device="cuda")
        target = torch.empty_like(source)
        return lambda: copy[(-(-words // 4096),)](source, target, words, SIZE=4096), ""
    rows, columns = shape["rows"], shape["columns"]
    if shape["kernel"] == "rms_norm":
        x, weight = gpu.random(rows, columns), gpu.random(columns)
        out = torch.empty_like(x)
        return lambda: rms_norm[(rows,)](x, weight, out, columns, 1e-6, SIZE=next_power_of_2(columns)), ""
    if columns % BLOCK:
        raise common.Skip(f"columns must be a multiple of {BLOCK}")
    both = gpu.random(rows, 2 * columns)
    out = torch.empty(rows, columns, dtype=torch.float8_e4m3fn, device="cuda")
    scales = torch.empty(rows, columns // BLOCK, dtype=torch.float32, device="cuda")
    return lambda: swiglu_quantise[(rows, columns // BLOCK)](both, out, scales, columns, SIZE=BLOCK), ""


if __name__ == "__main__":
    supports = common.only({"copy": ["bf16"], "rms_norm": ["bf16"], "swiglu": ["fp8_block"]})
    sys.exit(common.main("triton", "triton", supports, prepare))
