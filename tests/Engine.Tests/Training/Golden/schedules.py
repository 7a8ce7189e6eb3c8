#!/usr/bin/python3
"""Writes schedules.json: the learning rates of Debian's PyTorch (apt python3-torch, 1.13), step by step. Run in this folder."""
import json
import torch
from torch.optim import lr_scheduler as s


def rates(make, steps, metrics=None):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4)
    schedule = make(optimizer)
    result = []
    for step in range(steps):
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step() if metrics is None else schedule.step(metrics[step])
    return result


def warm(make, warm_steps):
    return lambda o: s.SequentialLR(o, [s.LinearLR(o, 1 / (warm_steps + 1), total_iters=warm_steps), make(o)], [warm_steps])


LOSSES = [1, 0.9, 0.95, 0.89995, 0.91, 0.92, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.3, 0.31, 0.32, 0.33, 0.34, 0.35, 0.36, 0.37]
RISING = [0.1, 0.2, 0.2, 0.2, 0.2, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]
with open("schedules.json", "w") as file:
    json.dump({
        "cosine": rates(lambda o: s.CosineAnnealingLR(o, 20), 20),
        "cosine least": rates(lambda o: s.CosineAnnealingLR(o, 20, eta_min=0.01), 20),
        "cosine warm-up": rates(warm(lambda o: s.CosineAnnealingLR(o, 15), 5), 20),
        "restarts": rates(lambda o: s.CosineAnnealingWarmRestarts(o, 6), 20),
        "restarts growing": rates(lambda o: s.CosineAnnealingWarmRestarts(o, 3, 2, 0.01), 30),
        "polynomial": rates(lambda o: s.PolynomialLR(o, 20, 2), 20),
        "linear": rates(lambda o: s.LinearLR(o, 1, 1e-12, 20), 20),
        "exponential": rates(lambda o: s.ExponentialLR(o, 0.9), 20),
        "step": rates(lambda o: s.StepLR(o, 6, 0.5), 20),
        "multistep": rates(lambda o: s.MultiStepLR(o, [3, 4, 11], 0.3), 20),
        "half and three quarters": rates(lambda o: s.MultiStepLR(o, [10, 15]), 20),
        "half and three quarters warm-up": rates(warm(lambda o: s.MultiStepLR(o, [4, 6]), 12), 20),
        "onecycle": rates(lambda o: s.OneCycleLR(o, 0.4, 20), 20),
        "onecycle settings": rates(lambda o: s.OneCycleLR(o, 0.4, 30, pct_start=0.4, div_factor=10, final_div_factor=100), 30),
        "plateau": rates(lambda o: s.ReduceLROnPlateau(o, factor=0.5, patience=2, cooldown=2, min_lr=0.06), len(LOSSES), LOSSES),
        "plateau losses": LOSSES,
        "plateau rising": rates(lambda o: s.ReduceLROnPlateau(o, "max", patience=1, threshold=0.01), len(RISING), RISING),
        "plateau rising metrics": RISING,
    }, file, indent=None, separators=(",", ":"))
    file.write("\n")
