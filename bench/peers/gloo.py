"""All-reduce of PyTorch over gloo: one rank, started by `run`. Sizes in bytes as arguments; one JSON line from rank 0."""
import json
import sys
import time

import torch
import torch.distributed as dist

torch.set_num_threads(1)
dist.init_process_group("gloo")
rank, ranks = dist.get_rank(), dist.get_world_size()
results = []
for size in map(int, sys.argv[1:]):
    data, times = torch.zeros(size // 4), []
    for _ in range(3):
        dist.all_reduce(data)
    for _ in range(60 if size <= 1 << 20 else 5):
        dist.barrier()
        start = time.perf_counter()
        dist.all_reduce(data)
        slowest = torch.tensor([time.perf_counter() - start])
        dist.all_reduce(slowest, op=dist.ReduceOp.MAX)
        times.append(slowest.item())
    results.append({"bytes": size, "seconds": sorted(times)[len(times) // 2]})
if rank == 0:
    print(json.dumps({"peer": f"gloo, PyTorch {torch.__version__}", "ranks": ranks, "results": results}), flush=True)
dist.barrier()
