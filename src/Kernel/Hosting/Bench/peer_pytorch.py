"""One step of a net in PyTorch: plain autograd, and torch.utils.checkpoint.checkpoint_sequential with some segment counts.

Standard input: {"nodes": [{"kind", "attributes", "inputs", "shape"}], "input": [...], "tokens": classes or 0, "target": [...],
"classes": n, "batch": b, "threads": t, "rounds": r, "segments": s, "device": "cpu" or "cuda:N"}; peer_net.py builds the net.
With segments, three steps of SGD and an evaluation run in that many of them instead, and the exit code is 3 where memory runs out.
Standard output: one JSON object. Peak bytes are exact: on the CPU the allocator's events of one profiled step, on a GPU
the bytes requested of its allocator.
"""
import json
import os
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.checkpoint import checkpoint_sequential


def peak_on_gpu(step, device):
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_stats(device)["requested_bytes.all.current"]
    step()
    return torch.cuda.memory_stats(device)["requested_bytes.all.peak"] - before


def peak(step, device):
    step()
    if device.type == "cuda":
        return peak_on_gpu(step, device)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    live = most = 0
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]":
            live += event.nbytes()
            most = max(most, live)
    return most


def train(model, chain, segments, x, loss_of):
    """Three steps and an evaluation, 32 samples at a time."""
    optimiser = torch.optim.SGD(model.parameters(), 1e-3, momentum=0.9)
    try:
        for _ in range(3):
            begun = time.perf_counter()
            loss_of(checkpoint_sequential(chain[1:], segments, chain[0](x)))
            optimiser.step()
            optimiser.zero_grad(set_to_none=False)
            seconds = time.perf_counter() - begun
        model.eval()
        with torch.no_grad():
            for part in x.split(32):
                model(part)
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, RuntimeError) and "can't allocate memory" not in str(error):
            raise
        sys.exit(3)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peakBytes": 0, "residentBytes": held}))


def main():
    net = json.load(sys.stdin)
    torch.set_num_threads(net["threads"])
    torch.manual_seed(1)
    chain = build(net)
    device = torch.device(net["device"])
    torch.backends.cudnn.deterministic = True  # as the other side
    model = nn.Sequential(*chain).train().to(device)
    batch = net["batch"]
    x = torch.randint(0, net["tokens"], [batch, *net["input"]], device=device) if net["tokens"] else torch.randn(batch, *net["input"], device=device)
    target = torch.randint(0, net["classes"], [batch, *net["target"]], device=device)
    wait = (lambda: torch.cuda.synchronize(device)) if device.type == "cuda" else (lambda: None)

    def loss_of(output):
        loss = F.cross_entropy(output.flatten(0, 1), target.flatten()) if net["tokens"] else F.cross_entropy(output, target)
        loss.backward()

    def zero():
        model.zero_grad(set_to_none=False)

    # The first stage runs as ever: a checkpoint needs an input that takes a gradient.
    if net["segments"]:
        train(model, chain, min(net["segments"], max(1, len(chain) - 1)), x, loss_of)
        return
    counts = sorted({max(2, round(len(chain) ** 0.5 * f)) for f in (0.5, 1, 2)} | {2}) if len(chain) > 2 else []
    steps = {"plain": lambda: loss_of(model(x))}
    for count in counts:
        steps[count] = lambda count=count: loss_of(checkpoint_sequential(chain[1:], min(count, len(chain) - 1), chain[0](x)))
    peaks, seconds = {}, {name: [] for name in steps}
    for name, step in steps.items():
        step()  # gradients come into being
        zero()
        peaks[name] = peak(step, device)
    for _ in range(net["rounds"]):
        for name, step in steps.items():
            zero()
            wait()
            begun = time.perf_counter()
            step()
            wait()
            seconds[name].append(time.perf_counter() - begun)
    ratio = lambda name: statistics.median(s / p for s, p in zip(seconds[name], seconds["plain"]))
    print(json.dumps({
        "version": torch.__version__, "threads": torch.get_num_threads(), "oneDnn": torch.backends.mkldnn.is_available(),
        "blas": os.path.realpath("/etc/alternatives/libblas.so.3-x86_64-linux-gnu"), "stages": len(chain),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "plain": {"peakBytes": peaks["plain"], "seconds": statistics.median(seconds["plain"])},
        "checkpoints": [{"segments": c, "peakBytes": peaks[c], "seconds": statistics.median(seconds[c]), "overhead": ratio(c) - 1} for c in counts],
    }))


main()
