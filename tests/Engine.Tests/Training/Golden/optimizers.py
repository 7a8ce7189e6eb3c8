#!/usr/bin/python3
"""Writes optimizers.json: 20 steps of each optimiser, every value. Debian's PyTorch (apt python3-torch, 1.13) where it has the
optimiser; else the published algorithm, in numpy's float32. Run in this folder: OPENBLAS_NUM_THREADS=1 /usr/bin/python3 optimizers.py"""
import json
import numpy as np
import torch

torch.set_num_threads(1)
SHAPES = [(3, 2), (3,), (2, 2, 1, 2)]
STEPS = 20
f32 = np.float32


def first(k):
    n = int(np.prod(SHAPES[k]))
    return np.array([((j * 29 + k * 17 + 5) % 31 - 15) / 8 for j in range(n)], f32).reshape(SHAPES[k])


def gradient(step, k):
    """The vector has no gradient in the first steps and once in between."""
    if k == 1 and (step < 3 or step == 10):
        return None
    n = int(np.prod(SHAPES[k]))
    return np.array([((step * 37 + j * 101 + k * 53) % 97 - 48) / 32 for j in range(n)], f32).reshape(SHAPES[k])


def with_torch(make):
    parameters = [torch.nn.Parameter(torch.from_numpy(first(k))) for k in range(len(SHAPES))]
    optimizer = make(parameters)
    for step in range(STEPS):
        for k, p in enumerate(parameters):
            g = gradient(step, k)
            p.grad = None if g is None else torch.from_numpy(g)
        optimizer.step()
        yield [p.detach().flatten().tolist() for p in parameters]


def by_hand(rule, **settings):
    parameters = [first(k) for k in range(len(SHAPES))]
    states = [{"t": 0} for _ in SHAPES]
    for step in range(STEPS):
        for k, p in enumerate(parameters):
            g = gradient(step, k)
            if g is not None:
                states[k]["t"] += 1
                parameters[k] = rule(p, g, states[k], **settings).astype(f32)
        yield [p.flatten().tolist() for p in parameters]


def kept(state, key, like):
    return state.setdefault(key, np.zeros_like(like, f32))


def norm(x):
    return f32(np.sqrt(np.sum(np.square(x, dtype=f32), dtype=f32)))


def adafactor(p, g, s, lr, decay=0.0, beta2_decay=-0.8, least=1e-3, d=1.0):
    """Shazeer and Stern 2018, algorithm 4 without momentum and with the relative step bounded by lr: the form of torch.optim.Adafactor in PyTorch 2.5."""
    eps = np.finfo(f32).eps
    enter = s["t"] ** beta2_decay
    rho = min(lr, 1 / np.sqrt(s["t"]))
    alpha = max(least, norm(p) / np.sqrt(p.size)) * rho
    p = p * f32(1 - lr * decay)
    if g.ndim > 1:
        r, c = np.mean(g * g, -1, keepdims=True), np.mean(g * g, -2, keepdims=True)
        s["r"] = (kept(s, "r", r) * f32(1 - enter) + r * f32(enter)).astype(f32)
        s["c"] = (kept(s, "c", c) * f32(1 - enter) + c * f32(enter)).astype(f32)
        v = s["r"] @ s["c"] / np.maximum(np.mean(s["r"], -2, keepdims=True), eps)
    else:
        s["v"] = v = (kept(s, "v", g) * f32(1 - enter) + g * g * f32(enter)).astype(f32)
    u = g / np.sqrt(np.maximum(v, eps * eps))
    return p - f32(alpha / max(1.0, norm(u) / (np.sqrt(u.size) * d))) * u


def lamb(p, g, s, lr, beta1=0.9, beta2=0.999, eps=1e-6, decay=0.01):
    """You and others 2019, algorithm 2, phi the identity."""
    s["m"] = (f32(beta1) * kept(s, "m", g) + f32(1 - beta1) * g).astype(f32)
    s["v"] = (f32(beta2) * kept(s, "v", g) + f32(1 - beta2) * g * g).astype(f32)
    r = s["m"] / f32(1 - beta1 ** s["t"]) / (np.sqrt(s["v"] / f32(1 - beta2 ** s["t"])) + f32(eps)) + f32(decay) * p
    ratio = norm(p) / norm(r) if norm(p) > 0 and norm(r) > 0 else 1.0
    return p - f32(lr * ratio) * r


def lars(p, g, s, lr, momentum=0.9, decay=0.0, trust=0.001):
    """You, Gitman and Ginsburg 2017, algorithm 1."""
    below = norm(g) + decay * norm(p)
    local = trust * norm(p) / below if norm(p) > 0 and below > 0 else 1.0
    s["v"] = (f32(momentum) * kept(s, "v", g) + f32(lr * local) * (g + f32(decay) * p)).astype(f32)
    return p - s["v"]


def lion(p, g, s, lr, beta1=0.9, beta2=0.99, decay=0.0):
    """Chen and others 2023, algorithm 2."""
    m = kept(s, "m", g)
    direction = np.sign(f32(beta1) * m + f32(1 - beta1) * g)
    s["m"] = (f32(beta2) * m + f32(1 - beta2) * g).astype(f32)
    return p * f32(1 - lr * decay) - f32(lr) * direction


o = torch.optim
CASES = {
    "sgd plain": (0.05, with_torch(lambda p: o.SGD(p, 0.05))),
    "sgd momentum": (0.05, with_torch(lambda p: o.SGD(p, 0.05, momentum=0.9, weight_decay=0.01))),
    "sgd dampening": (0.05, with_torch(lambda p: o.SGD(p, 0.05, momentum=0.9, dampening=0.3))),
    "sgd nesterov": (0.05, with_torch(lambda p: o.SGD(p, 0.05, momentum=0.9, nesterov=True, weight_decay=0.01))),
    "adam": (0.01, with_torch(lambda p: o.Adam(p, 0.01))),
    "adam decay": (0.01, with_torch(lambda p: o.Adam(p, 0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1))),
    "adam amsgrad": (0.01, with_torch(lambda p: o.Adam(p, 0.01, betas=(0.8, 0.9), amsgrad=True))),
    "adamw": (0.01, with_torch(lambda p: o.AdamW(p, 0.01))),
    "adamw amsgrad": (0.01, with_torch(lambda p: o.AdamW(p, 0.01, betas=(0.8, 0.9), weight_decay=0.1, amsgrad=True))),
    "rmsprop": (0.01, with_torch(lambda p: o.RMSprop(p, 0.01))),
    "rmsprop centered": (0.01, with_torch(lambda p: o.RMSprop(p, 0.01, alpha=0.9, centered=True, weight_decay=0.01))),
    "rmsprop momentum": (0.01, with_torch(lambda p: o.RMSprop(p, 0.01, alpha=0.9, momentum=0.9))),
    "rmsprop all": (0.01, with_torch(lambda p: o.RMSprop(p, 0.01, momentum=0.5, centered=True, eps=1e-4))),
    "adagrad": (0.1, with_torch(lambda p: o.Adagrad(p, 0.1))),
    "adagrad decay": (0.1, with_torch(lambda p: o.Adagrad(p, 0.1, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.5))),
    "nadam": (0.01, with_torch(lambda p: o.NAdam(p, 0.01))),
    "nadam decay": (0.01, with_torch(lambda p: o.NAdam(p, 0.01, betas=(0.8, 0.95), weight_decay=0.1, momentum_decay=0.02))),
    "adafactor": (0.05, by_hand(adafactor, lr=0.05)),
    "adafactor decay": (0.05, by_hand(adafactor, lr=0.05, decay=0.1, beta2_decay=-0.5, d=0.7)),
    "lamb": (0.02, by_hand(lamb, lr=0.02)),
    "lamb plain": (0.02, by_hand(lamb, lr=0.02, beta1=0.8, beta2=0.95, eps=1e-4, decay=0.0)),
    "lars": (0.5, by_hand(lars, lr=0.5)),
    "lars decay": (0.5, by_hand(lars, lr=0.5, momentum=0.5, decay=0.1, trust=0.02)),
    "lion": (0.01, by_hand(lion, lr=0.01)),
    "lion decay": (0.01, by_hand(lion, lr=0.01, beta1=0.8, beta2=0.95, decay=0.1)),
}


def shortest(x):
    return float(repr(f32(x)).removeprefix("np.float32(").removesuffix(")"))


with open("optimizers.json", "w") as file:
    cases = []
    for name, (rate, steps) in CASES.items():
        rows = ",\n".join(json.dumps([[shortest(x) for x in p] for p in step], separators=(",", ":")) for step in steps)
        cases.append(f'{json.dumps(name)}:{{"learningRate":{rate},"steps":[\n{rows}]}}')
    file.write("{" + ",\n".join(cases) + "}\n")
