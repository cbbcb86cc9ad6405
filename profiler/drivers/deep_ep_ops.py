"""DeepEP's low-latency dispatch, all ranks of torchrun (API of 1.1 and 1.2: Buffer.low_latency_dispatch).

A shape's bytes are what one GPU sends: tokens of 7168 in FP8 with their scales (7392 B), to eight experts each.
"""

import os
import sys

import common

HIDDEN, TOP_K, EXPERTS = 7168, 8, 256
COPY_BYTES = HIDDEN + HIDDEN // 128 * 4


def group_of(gpu, shape):
    dist = gpu.torch.distributed
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    if ranks < 2:
        raise common.Skip("1 GPU; start it with torchrun --nproc-per-node=N")
    if ranks != shape["gpus"]:
        raise common.Skip(f"{ranks} ranks, the shape wants {shape['gpus']}")
    if not dist.is_initialized():
        gpu.torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group("nccl")
    return dist.group.WORLD


def prepare(gpu, deep_ep, shape):
    gpu.need_hopper()
    torch, group = gpu.torch, group_of(gpu, shape)
    tokens = max(1, shape["bytes"] // (COPY_BYTES * TOP_K))
    size = deep_ep.Buffer.get_low_latency_rdma_size_hint(tokens, HIDDEN, group.size(), EXPERTS)
    buffer = deep_ep.Buffer(group, 0, size, low_latency_mode=True, num_qps_per_rank=EXPERTS // group.size())
    x = gpu.random(tokens, HIDDEN)
    experts = torch.rand(tokens, EXPERTS, device="cuda").topk(TOP_K, dim=1).indices.to(torch.int64)
    return lambda: buffer.low_latency_dispatch(x, experts, tokens, EXPERTS, use_fp8=True), "-dispatch"


if __name__ == "__main__":
    sys.exit(common.main("deepep", "deep_ep", common.only({"all_to_all": ["bf16"]}), prepare))
