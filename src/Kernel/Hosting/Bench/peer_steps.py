"""Whole steps in PyTorch, in each setting: forward, loss, backward, clipping, optimiser.

The first line of standard input: {"net": as peer_net.py takes it, "optimizer": "adamw" or "sgd", "learningRate", "weightDecay", "largestNorm"}.
The first line of standard output tells what this is; then each line that comes is the number of a setting and how many steps it makes, and
their seconds and the processors' seconds in them go out.
"""
import itertools
import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


class Setting:
    """One net of its own in one setting."""

    def __init__(self, net, asked, low, last, foreach):
        torch.manual_seed(1)
        self.name = f"{'bf16' if low else 'fp32'}{', channels-last' if last else ''}{', foreach' if foreach else ''}"
        self.low = low
        self.model = nn.Sequential(*build(json.loads(json.dumps(net)))).train()
        self.x = torch.randint(0, net["tokens"], [net["batch"], *net["input"]]) if net["tokens"] else torch.randn(net["batch"], *net["input"])
        if last:
            self.model, self.x = self.model.to(memory_format=torch.channels_last), self.x.contiguous(memory_format=torch.channels_last)
        self.target = torch.randint(0, net["classes"], [net["batch"], *net["target"]])
        self.tokens, self.largest = net["tokens"], asked["largestNorm"]
        self.parameters = list(self.model.parameters())
        rate, decay = asked["learningRate"], asked["weightDecay"]
        self.optimiser = torch.optim.AdamW(self.parameters, rate, weight_decay=decay, foreach=foreach) if asked["optimizer"] == "adamw" \
            else torch.optim.SGD(self.parameters, rate, momentum=0.9, weight_decay=decay, foreach=foreach)

    def steps(self, count):
        begun, used = time.perf_counter(), time.process_time()
        for _ in range(count):
            self.step()
        return time.perf_counter() - begun, time.process_time() - used

    def step(self):
        self.optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.low):
            output = self.model(self.x)
        output = output.float()
        loss = F.cross_entropy(output.flatten(0, 1), self.target.flatten()) if self.tokens else F.cross_entropy(output, self.target)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, self.largest)
        self.optimiser.step()
        loss.item()


def loaded(part, otherwise=""):
    """The libraries of such a name that are really there: which products go to, or which memory comes from."""
    with open("/proc/self/maps") as maps:
        found = {line.split()[-1] for line in maps if part in line.rsplit("/", 1)[-1]}
    return ", ".join(sorted(found)) or otherwise


def main():
    asked = json.loads(sys.stdin.readline())
    net = asked["net"]
    torch.set_num_threads(net["threads"])
    images = len(net["input"]) == 3 and not net["tokens"]
    settings = [Setting(net, asked, low, last, foreach)
                for low, last, foreach in itertools.product((False, True), (False, True) if images else (False,), (False, True))]
    print(json.dumps({
        "version": torch.__version__, "threads": torch.get_num_threads(), "oneDnn": torch.backends.mkldnn.is_available(),
        "blas": loaded("blas"), "allocator": loaded("malloc", "glibc"), "settings": [s.name for s in settings],
    }), flush=True)
    for line in sys.stdin:
        setting, count = map(int, line.split())
        print(*settings[setting].steps(count), flush=True)


main()
