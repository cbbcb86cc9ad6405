"""What every driver shares: which shapes to run, how a run is marked, and how what cannot run is told.

A driver runs a library's own kernels, each inside an NVTX range whose text is the kernel's shape:

    isobath-calibrate attach --rows rows.jsonl -- python3 profiler/drivers/torch_ops.py --shapes shapes.json

Nothing is timed here. Between two runs a buffer larger than L2 is written, so every run starts from device memory.
A driver needs Python 3.9, PyTorch and its library; without them, or without a GPU, it says why and exits 0.
"""

import argparse
import importlib
import json
import sys

FLUSH_BYTES = 256 << 20  # five times the L2 of H100

# In the words of hw/kernel_point.cc: axes of each kernel, and its formats, the first being meant where none is named.
AXES = {
    "copy": ["bytes"],
    "gemm": ["m", "n", "k"],
    "batched_gemm": ["batch", "m", "n", "k"],
    "grouped_gemm": ["experts", "rows_per_expert", "spread_percent", "n", "k", "contiguous"],
    "quantise": ["rows", "columns"],
    "rms_norm": ["rows", "columns"],
    "rope": ["rows", "heads"],
    "swiglu": ["rows", "columns"],
    "gate": ["rows", "experts", "groups", "topk_groups", "top_k"],
    "mla_decode": ["batch", "s_q", "context", "heads"],
    "mla_prefill": ["sequences", "q_len", "kv_len", "heads"],
    "all_to_all": ["gpus", "bytes"],
}

# (n, k) of DeepSeek-V3's projections and experts: its published config.json, gate and up joined.
MATRICES = [(2112, 7168), (24576, 1536), (32768, 512), (7168, 16384), (4096, 7168), (7168, 2048), (7168, 18432)]


class Skip(Exception):
    """A shape or a library that cannot be run here; the message says why."""


def point(kernel, fmt, *values):
    return {"kernel": kernel, "format": fmt, **dict(zip(AXES[kernel], values))}


def default_points():
    """A short list for a first look; `isobath calibrate shapes SCENARIO` writes what a scenario needs."""
    out = [point("copy", "bf16", 1 << 28)]
    for m in (1, 16, 64, 256, 1024, 4096, 16384):
        for n, k in MATRICES:
            out += [point("gemm", f, m, n, k) for f in ("bf16", "fp8_tensor", "fp8_block")]
        out += [point("rms_norm", "bf16", m, 7168), point("quantise", "fp8_block", m, 7168)]
        out += [point("swiglu", f, m, 2048) for f in ("bf16", "fp8_block")]
        out.append(point("gate", "bf16", m, 256, 8, 4, 8))
    for m in (16, 64, 256):
        out += [point("batched_gemm", "bf16", 128, m, 512, 128), point("batched_gemm", "bf16", 128, m, 128, 512)]
    for experts, rows in ((4, 256), (8, 128), (32, 16)):
        out += [point("grouped_gemm", "fp8_block", experts, rows, 0, n, k, 0) for n, k in ((4096, 7168), (7168, 2048))]
    for experts, rows in ((4, 8192), (8, 4096)):
        out += [point("grouped_gemm", "fp8_block", experts, rows, 30, n, k, 1) for n, k in ((4096, 7168), (7168, 2048))]
    for batch in (1, 16, 64, 128):
        for context in (1024, 4096, 16384):
            out += [point("mla_decode", "bf16", batch, s_q, context, 128) for s_q in (1, 2)]
            out.append(point("mla_decode", "bf16", batch, 1, context, 16))
    for length in (512, 2048, 4096, 16384):
        out.append(point("mla_prefill", "bf16", max(1, 4096 // length), length, length, 16))
    return out + [point("all_to_all", "bf16", 8, 1 << 20)]


def read_shapes(path):
    with open(path, encoding="utf-8") as file:
        shapes = json.load(file)
    if shapes.get("schema") != 1 or not isinstance(shapes.get("points"), list):
        raise SystemExit(f'{path}: expected {{"schema": 1, "points": [...]}}')
    for each in shapes["points"]:
        axes = AXES.get(each.get("kernel"))
        if axes and not all(isinstance(each.get(axis), int) for axis in axes):
            raise SystemExit(f"{path}: {json.dumps(each)}: needs whole numbers {', '.join(axes)}")
    return [p if "format" in p else {**p, "format": "bf16"} for p in shapes["points"] if p.get("kernel") in AXES]


def text_of(shape):
    return " ".join([shape["kernel"], shape["format"]] + [f"{a}={shape[a]}" for a in AXES[shape["kernel"]]])


class Gpu:
    """PyTorch with a device to run on."""

    def __init__(self):
        try:
            self.torch = importlib.import_module("torch")
        except ImportError as e:
            raise Skip(f"PyTorch is not installed ({e})") from e
        if not self.torch.cuda.is_available():
            raise Skip("no CUDA device")
        self.capability = self.torch.cuda.get_device_capability()
        self.flush_buffer = self.torch.empty(FLUSH_BYTES, dtype=self.torch.uint8, device="cuda")

    def need_hopper(self):
        if self.capability[0] < 9:
            raise Skip(f"needs compute capability 9.0, this GPU has {self.capability[0]}.{self.capability[1]}")

    def random(self, *shape, dtype=None):
        return self.torch.randn(*shape, device="cuda", dtype=dtype or self.torch.bfloat16)

    def run(self, work, text, warm_up, repeats):
        """`work` is warmed up outside of ranges, then run in one range each, from a cold L2."""
        for _ in range(warm_up):
            work()
        for _ in range(repeats):
            self.flush_buffer.zero_()
            self.torch.cuda.synchronize()
            self.torch.cuda.nvtx.range_push(text)
            work()
            self.torch.cuda.nvtx.range_pop()
        self.torch.cuda.synchronize()


def cast_rows(torch, x):
    """E4M3 with one FP32 scale per 1x128: DeepSeek's activations. Returns values and scales."""
    blocks = x.float().unflatten(-1, (-1, 128))
    scale = blocks.abs().amax(dim=-1, keepdim=True).clamp(min=1e-4) / 448.0
    return (blocks / scale).to(torch.float8_e4m3fn).flatten(-2), scale.squeeze(-1)


def cast_blocks(torch, w):
    """E4M3 with one FP32 scale per 128x128: DeepSeek's weights. Both sizes are padded to whole blocks."""
    rows, columns = w.shape[-2:]
    padded = torch.nn.functional.pad(w.float(), (0, -columns % 128, 0, -rows % 128))
    blocks = padded.unflatten(-1, (-1, 128)).unflatten(-3, (-1, 128))  # [..., R, 128, C, 128]
    scale = blocks.abs().amax(dim=(-3, -1), keepdim=True).clamp(min=1e-4) / 448.0
    values = (blocks / scale).to(torch.float8_e4m3fn).flatten(-4, -3).flatten(-2)
    return values[..., :rows, :columns].contiguous(), scale.squeeze(-1).squeeze(-2)


def arguments(name):
    parser = argparse.ArgumentParser(description=f"Runs {name}'s kernels inside NVTX ranges that name their shapes.")
    parser.add_argument("--shapes", metavar="FILE", help="shapes.json (isobath calibrate shapes); a short list if left out")
    parser.add_argument("--repeat", type=int, default=20, metavar="N", help="runs of each shape (20)")
    parser.add_argument("--warm-up", type=int, default=3, metavar="N", help="runs before those (3)")
    parser.add_argument("--dry-run", action="store_true", help="list what would run; imports nothing")
    return parser.parse_args()


def version_of(module):
    return getattr(module, "__version__", "unknown").split("+")[0]


def main(name, module, supports, prepare):
    """Runs every shape that `supports(shape)` does not refuse (it returns a reason or "").

    `prepare(gpu, library, shape)` returns (work, suffix): a callable that launches the kernels, and what to add to
    the implementation's name. Whatever it raises is told and skips that shape alone.
    """
    args = arguments(name)
    shapes = read_shapes(args.shapes) if args.shapes else default_points()
    shapes = [shape for shape in shapes if not supports(shape)]
    if args.dry_run:
        for shape in shapes:
            print(f"{name}: would run {text_of(shape)}")
        return 0
    try:
        gpu = Gpu()
        library = importlib.import_module(module)
    except (Skip, ImportError, OSError) as e:
        print(f"{name}: skipped: {e}")
        return 0
    for shape in shapes:
        try:
            work, suffix = prepare(gpu, library, shape)
            label = {**shape, "implementation": f"{name}-{version_of(library)}{suffix}"}
            gpu.run(work, json.dumps(label), args.warm_up, args.repeat)
            print(f"{name}: ran {text_of(shape)} x {args.repeat}", flush=True)
        except Exception as e:  # a library may raise anything for a shape that it lacks
            print(f"{name}: skipped {text_of(shape)}: {type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}")
            gpu.torch.cuda.empty_cache()
    return 0


def only(kernels):
    """`supports` for a driver of some kernels: {"gemm": ["bf16"], ...}; axis `spread_percent` and the like pass."""

    def supports(shape):
        formats = kernels.get(shape["kernel"])
        if formats is None:
            return "another library's kernel"
        return "" if shape["format"] in formats else f"no {shape['format']}"

    return supports


if __name__ == "__main__":
    sys.exit("common.py is no driver; run one of the others")
