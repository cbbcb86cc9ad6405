"""FlashMLA's dense decode: deepseek-ai/FlashMLA, flash_mla_with_kvcache of 1.0 and of the interface of 2026.

Its FP8 cache is served by the sparse kernel alone, so fp8_flashmla is not run here.
"""

import sys

import common

PAGE = 64  # tokens; the kernel takes no other


def prepare(gpu, flash_mla, shape):
    gpu.need_hopper()
    torch = gpu.torch
    batch, s_q, heads = shape["batch"], shape["s_q"], shape["heads"]
    pages = -(-shape["context"] // PAGE)
    cache = gpu.random(batch * pages, PAGE, 1, 576)
    table = torch.arange(batch * pages, dtype=torch.int32, device="cuda").view(batch, pages)
    lengths = torch.full((batch,), shape["context"], dtype=torch.int32, device="cuda")
    q = gpu.random(batch, s_q, heads, 576)
    # Newer versions plan at the first call, older ones here; both take these arguments.
    plan, splits = flash_mla.get_mla_metadata(lengths, s_q * heads, 1)

    def work():
        flash_mla.flash_mla_with_kvcache(q, cache, table, lengths, 512, plan, splits, causal=True)

    return work, ""


if __name__ == "__main__":
    sys.exit(common.main("flash_mla", "flash_mla", common.only({"mla_decode": ["bf16"]}), prepare))
