"""Data-parallel steps of ResNet-18 or ResNet-50 in PyTorch DDP over gloo: one rank, started by `run`.

Arguments: model, batch, side of the image, threads, rounds. A step is zero_grad, forward, loss and backward with the gradients
averaged over all ranks: what `interactive bench overlap` times. One JSON line from rank 0.
"""
import json
import sys
import time

import torch
import torch.distributed as dist
import torch.nn as nn
import torch.nn.functional as F


class Basic(nn.Module):
    grow = 1

    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.a, self.b = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False), nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.na, self.nb = nn.BatchNorm2d(planes), nn.BatchNorm2d(planes)
        self.short = shortcut(inputs, planes, stride)

    def forward(self, x):
        y = self.nb(self.b(F.relu(self.na(self.a(x)), inplace=True)))
        return F.relu(y + self.short(x), inplace=True)


class Bottleneck(nn.Module):
    grow = 4

    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(inputs, planes, 1, bias=False), nn.Conv2d(planes, planes, 3, stride, 1, bias=False), nn.Conv2d(planes, 4 * planes, 1, bias=False)
        self.na, self.nb, self.nc = nn.BatchNorm2d(planes), nn.BatchNorm2d(planes), nn.BatchNorm2d(4 * planes)
        self.short = shortcut(inputs, 4 * planes, stride)

    def forward(self, x):
        y = F.relu(self.nb(self.b(F.relu(self.na(self.a(x)), inplace=True))), inplace=True)
        return F.relu(self.nc(self.c(y)) + self.short(x), inplace=True)


def shortcut(inputs, outputs, stride):
    if inputs == outputs and stride == 1:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


def resnet(block, depths):
    layers, inputs = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)], 64
    for stage, depth in enumerate(depths):
        for i in range(depth):
            planes = 64 << stage
            layers.append(block(inputs, planes, 2 if stage > 0 and i == 0 else 1))
            inputs = planes * block.grow
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 1000))


name, batch, side, threads, rounds = sys.argv[1], *map(int, sys.argv[2:6])
torch.set_num_threads(threads)
dist.init_process_group("gloo")
rank, ranks = dist.get_rank(), dist.get_world_size()
torch.manual_seed(1)
model = {"resnet18": lambda: resnet(Basic, [2, 2, 2, 2]), "resnet50": lambda: resnet(Bottleneck, [3, 4, 6, 3])}[name]()
ddp = nn.parallel.DistributedDataParallel(model) if ranks > 1 else model
x, y = torch.randn(batch, 3, side, side), torch.randint(0, 1000, (batch,))


def step(net):
    net.zero_grad()
    F.cross_entropy(net(x), y).backward()


def timed(net):
    dist.barrier()
    start = time.perf_counter()
    step(net)
    slowest = torch.tensor([time.perf_counter() - start])
    dist.all_reduce(slowest, op=dist.ReduceOp.MAX)
    return slowest.item()


for _ in range(5):  # as many as `interactive bench overlap`
    step(model)
step(ddp)
step(ddp)  # DDP lays its buckets out again after the first
times = {"compute": [], "step": []}
for _ in range(rounds):
    times["compute"].append(timed(model))
    times["step"].append(timed(ddp))
if rank == 0:
    median = {key: sorted(values)[len(values) // 2] for key, values in times.items()}
    print(json.dumps({"peer": f"PyTorch {torch.__version__} DDP over gloo", "ranks": ranks, "model": name, "parameters": sum(p.numel() for p in model.parameters()),
                      "batch": batch, "side": side, "threads": threads, "computeSeconds": median["compute"], "stepSeconds": median["step"]}), flush=True)
dist.barrier()
