#!/usr/bin/python3
"""How fast torchvision's ImageFolder and PyTorch's DataLoader make batches of a folder of pictures: one line of JSON, as
`interactive data bench --json` prints it. Debian: apt-get install python3-torchvision. See bench/peers/data, which runs both in turn.

    /usr/bin/python3 data.py FOLDER [--workers 0] [--batch 32] [--samples 2000] [--size 224]
"""
import argparse
import json
import os
import resource
import time

import torch
from torchvision import datasets, transforms

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--workers", type=int, default=0)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--samples", type=int, default=2000)
parser.add_argument("--size", type=int, default=224)
options = parser.parse_args()

torch.set_num_threads(1)
data = datasets.ImageFolder(options.folder, transforms.Compose([
    transforms.RandomResizedCrop(options.size), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]))
order = torch.randperm(len(data), generator=torch.Generator().manual_seed(1)).tolist()
numbers = [order[i % len(order)] for i in range(options.samples)]


def loader(numbers):
    return torch.utils.data.DataLoader(data, options.batch, sampler=numbers, num_workers=options.workers)


def cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def since_start():
    ticks = int(open("/proc/self/stat").read().rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


start = 0.0
for _ in loader(numbers[: 4 * options.batch]):
    start = start or since_start()
started, used, first = time.perf_counter(), cpu(), 0.0
for _ in loader(numbers):
    first = first or time.perf_counter() - started
seconds = time.perf_counter() - started
print(json.dumps({
    "samples": len(numbers), "workers": options.workers, "seconds": seconds, "samplesPerSecond": len(numbers) / seconds,
    "cpuMillisecondsPerSample": 1000 * (cpu() - used) / len(numbers), "firstBatchSeconds": first, "startSeconds": start,
}))
