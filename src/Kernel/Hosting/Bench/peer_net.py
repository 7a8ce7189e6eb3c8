"""A net in PyTorch from its nodes: [{"kind", "attributes", "inputs", "shape"}]; value 0 is the input, value i + 1 the result of node i.

What this file defines, the scripts that are run behind it use.
"""
import sys

import torch
import torch.nn.functional as F
from torch import nn


class Token(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(*shape) * 0.02)


class Identity(nn.Module):
    pass


def module(kind, a, inputs):
    """The module that holds a node's weights; shapes come without the batch."""
    if kind == "conv2d":
        return nn.Conv2d(inputs[0][0], a["out_channels"], a["kernel_size"], a["stride"], a["padding"], a["dilation"], a["groups"], a["bias"])
    if kind == "conv_transpose2d":
        return nn.ConvTranspose2d(inputs[0][0], a["out_channels"], a["kernel_size"], a["stride"], a["padding"], a["output_padding"], a["groups"], a["bias"], a["dilation"])
    if kind == "batch_norm":
        return nn.BatchNorm2d(inputs[0][0], a["eps"], affine=a["affine"], track_running_stats=a["track_running_stats"])
    if kind == "layer_norm":
        return nn.LayerNorm(a["normalized_shape"], a["eps"])
    if kind == "linear":
        return nn.Linear(inputs[0][-1], a["out_features"], a["bias"])
    if kind in ("embedding", "tied_linear"):
        return nn.Embedding(a["vocabulary"], a["width"]) if kind == "embedding" else Identity()
    if kind == "positional_embedding":
        return Token(*inputs[0])
    if kind == "class_token":
        return Token(a["tokens"], inputs[0][-1])
    return Identity()


def attention(x, heads, causal):
    batch, tokens, packed = x.shape
    width = packed // 3 // heads
    q, k, v = x.view(batch, tokens, 3, heads, width).permute(2, 0, 3, 1, 4)
    scores = q @ k.transpose(-2, -1) * width ** -0.5
    if causal:
        scores = scores.masked_fill(torch.ones(tokens, tokens, dtype=torch.bool, device=x.device).triu(1), float("-inf"))
    return (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, tokens, packed // 3)


def apply(kind, a, m, x, table):
    if kind in ("conv2d", "conv_transpose2d", "batch_norm", "layer_norm", "linear", "embedding"):
        return m(x[0])
    if kind == "relu":
        return F.relu(x[0])
    if kind == "gelu":
        return F.gelu(x[0])
    if kind == "dropout":
        return F.dropout(x[0], a["p"])
    if kind == "max_pool2d":
        return F.max_pool2d(x[0], a["kernel_size"], a["stride"], a["padding"], ceil_mode=a["ceil_mode"])
    if kind == "avg_pool2d":
        return F.avg_pool2d(x[0], a["kernel_size"], a["stride"], a["padding"], a["ceil_mode"], a["count_include_pad"])
    if kind == "adaptive_avg_pool2d":
        return F.adaptive_avg_pool2d(x[0], a["output_size"])
    if kind == "adaptive_max_pool2d":
        return F.adaptive_max_pool2d(x[0], a["output_size"])
    if kind == "upsample":
        return F.interpolate(x[0], scale_factor=a["factor"], mode="bilinear" if a["bilinear"] else "nearest", align_corners=False if a["bilinear"] else None)
    if kind == "add":
        return torch.add(x[0], x[1], alpha=a["scale"])
    if kind == "concat":
        return torch.cat(x, 1)
    if kind == "flatten":
        return x[0].flatten(1)
    if kind == "to_tokens":
        return x[0].flatten(2).transpose(1, 2).contiguous()
    if kind == "select_token":
        return x[0][:, a["index"]]
    if kind == "class_token":
        return torch.cat([m.weight.expand(x[0].shape[0], -1, -1), x[0]], 1)
    if kind == "positional_embedding":
        return x[0] + m.weight
    if kind == "tied_linear":
        return F.linear(x[0], table.weight)
    if kind == "attention":
        return attention(x[0], a["heads"], a["causal"])
    sys.exit(f"PyTorch peer: no operation '{kind}'")


class Stage(nn.Module):
    """Nodes between two values that everything passes through: one tensor in, one out, each tensor let go after its last use."""

    def __init__(self, nodes, first, entry, table):
        super().__init__()
        self.nodes, self.first, self.entry, self.table = nodes, first, entry, table
        self.parts = nn.ModuleList(n["module"] for n in nodes)
        last = {}
        for i, node in enumerate(nodes):
            for value in node["inputs"]:
                last[value] = i
        self.free = [[v for v in set(n["inputs"]) if last[v] == i] for i, n in enumerate(nodes)]

    def forward(self, x):
        values = {self.entry: x}
        del x
        for i, node in enumerate(self.nodes):
            result = apply(node["operation"], node["attributes"], self.parts[i], [values[v] for v in node["inputs"]], self.table[0])
            if node["rectified"]:
                result = F.relu_(result)
            for value in self.free[i]:
                del values[value]
            values[self.first + i + 1] = result
        return result


def stages(nodes, table):
    """Cuts the net where a single value is alive."""
    last = {}
    for i, node in enumerate(nodes):
        for value in node["inputs"]:
            last[value] = i
    cut, entry, result = 0, 0, []
    for i in range(len(nodes)):
        if i + 1 < len(nodes) and any(last.get(v, -1) > i for v in range(i + 1)):
            continue
        result.append(Stage(nodes[cut:i + 1], cut, entry, table))
        cut, entry = i + 1, i + 1
    return result


def build(net):
    shapes, table = [net["input"]], [None]
    for node in net["nodes"]:
        kind = node["kind"]
        node["rectified"] = kind.endswith("_relu")
        node["operation"] = kind[:-5] if node["rectified"] else kind
        node["module"] = module(node["operation"], node["attributes"], [shapes[v] for v in node["inputs"]])
        if node["operation"] == "embedding":
            table[0] = node["module"]
        shapes.append(node["shape"])
    return stages(net["nodes"], table)
