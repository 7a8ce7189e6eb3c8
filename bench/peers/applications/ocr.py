#!/usr/bin/python3
"""The steps of notebooks/ocr.csx with PyTorch and onnx2torch, for how many lines they take. Not run here: pip's packages are out of reach.

    pip install torch onnx2torch pillow fonttools
    python3 ocr.py
    torchrun --nproc-per-node 2 ocr.py
"""
import argparse
import json
import os
import random

import numpy
import onnx
import torch
import torch.distributed as dist
from fontTools.ttLib import TTFont
from onnx2torch import convert
from PIL import Image, ImageDraw, ImageFont
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Dataset, Subset
from torch.utils.data.distributed import DistributedSampler

parser = argparse.ArgumentParser()
parser.add_argument("--models", default="package/assets")
parser.add_argument("--font", default="/usr/share/fonts/opentype/mathjax/MathJax_Fraktur-Regular.otf")
parser.add_argument("--lines", type=int, default=480)
parser.add_argument("--epochs", type=int, default=2)
parser.add_argument("--batch-size", type=int, default=16)
parser.add_argument("--learning-rate", type=float, default=5e-4)
parser.add_argument("--max-steps", type=int, default=0)
parser.add_argument("--out", default="runs")
options = parser.parse_args()

ranks = int(os.environ.get("WORLD_SIZE", 1))
rank = int(os.environ.get("RANK", 0))
if ranks > 1:
    dist.init_process_group("gloo")
torch.manual_seed(1)

WIDTH, HEIGHT, LONGEST = 320, 48, 24
with open(f"{options.models}/ppocr_keys_v1.txt", encoding="utf-8") as file:
    letters = [""] + file.read().split("\n")[:6623] + [" "]
labels = {letter: i for i, letter in reversed(list(enumerate(letters)))}

# the converted net ends in a softmax, whose scores CTC wants
model = onnx.load(f"{options.models}/ch_PP-OCRv4_rec_infer.onnx")
last = model.graph.node[-1]
assert last.op_type == "Softmax"
model.graph.node.remove(last)
model.graph.output[0].name = last.input[0]
net = convert(onnx.version_converter.convert_version(model, 13))

signs = set(TTFont(options.font).getBestCmap())
font = ImageFont.truetype(options.font, 32)


class Lines(Dataset):
    def __init__(self, count, *licences):
        words = [w for name in licences for w in open(f"/usr/share/common-licenses/{name}", encoding="utf-8").read().split()]
        words = [w for w in words if all(ord(c) in signs and c in labels for c in w)]
        lines = {" ".join(words[i:i + 3]) for i in range(0, len(words), 3)}
        lines = sorted(line for line in lines if len(line) <= LONGEST)
        random.Random(1).shuffle(lines)
        self.lines = lines[:count]

    def __len__(self):
        return len(self.lines)

    def __getitem__(self, index):
        line = self.lines[index]
        picture = Image.new("L", (WIDTH, HEIGHT), 255)
        length = font.getlength(line)
        size = font if length <= WIDTH - 8 else ImageFont.truetype(options.font, int(32 * (WIDTH - 8) / length))
        ImageDraw.Draw(picture).text((4, 34), line, 0, size, anchor="ls")
        numbers = numpy.asarray(picture, dtype=numpy.float32) / 127.5 - 1
        numbers[:, int(8 + size.getlength(line)):] = 0
        text = [labels[c] for c in line]
        return torch.from_numpy(numbers).expand(3, -1, -1), torch.tensor(text + [-1] * (LONGEST - len(text)))


def decode(scores):
    rows = scores.argmax(2).tolist()
    return [[label for t, label in enumerate(row) if label and (t == 0 or label != row[t - 1])] for row in rows]


def edits(said, right):
    row = list(range(len(right) + 1))
    for i, one in enumerate(said, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(right, 1):
            diagonal, row[j] = row[j], min(diagonal + (one != other), row[j] + 1, row[j - 1] + 1)
    return row[-1]


train, test = Lines(options.lines, "GPL-3", "Apache-2.0", "GFDL-1.3", "MPL-2.0"), Lines(options.lines // 8, "Artistic", "CC0-1.0")
sampler = DistributedSampler(train, ranks, rank, drop_last=True)
batches = DataLoader(train, options.batch_size // ranks, sampler=sampler, drop_last=True)
held = DataLoader(Subset(test, range(rank, len(test), ranks)), options.batch_size)
parallel = DistributedDataParallel(net) if ranks > 1 else net
optimizer = torch.optim.AdamW(net.parameters(), options.learning_rate, weight_decay=0.01)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.learning_rate, total_steps=options.epochs * len(batches))


def evaluate():
    net.eval()
    counts = torch.zeros(2)
    with torch.no_grad():
        for x, texts in held:
            for said, text in zip(decode(net(x)), texts.tolist()):
                right = [label for label in text if label >= 0]
                counts += torch.tensor([edits(said, right), len(right)])
    if ranks > 1:
        dist.all_reduce(counts)
    return (counts[0] / counts[1]).item()


os.makedirs(options.out, exist_ok=True)
log = open(os.path.join(options.out, f"metrics{rank}.jsonl"), "w")
before, best, step = evaluate(), float("inf"), 0
for epoch in range(options.epochs):
    sampler.set_epoch(epoch)
    parallel.train()
    for x, texts in batches:
        logs = parallel(x).log_softmax(2).transpose(0, 1)
        steps = torch.full((len(x),), logs.shape[0], dtype=torch.long)
        loss = nn.functional.ctc_loss(logs, texts, steps, (texts >= 0).sum(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        step += 1
        log.write(json.dumps({"step": step, "loss": loss.item()}) + "\n")
        if step == options.max_steps:
            break
    after = evaluate()
    if rank == 0 and after < best:
        torch.save(net.state_dict(), os.path.join(options.out, "best.pth"))
    best = min(best, after)
    if step == options.max_steps:
        break

if rank == 0:
    print(f"{after:.2%} of the letters of {len(test)} lines are read wrong after {step} steps, {before:.2%} before")
    for text in decode(net(torch.stack([test[i][0] for i in range(3)]))):
        print("  " + "".join(letters[label] for label in text))
    torch.onnx.export(net, torch.zeros(1, 3, HEIGHT, WIDTH), os.path.join(options.out, "ocr.onnx"),
                      input_names=["lines"], output_names=["scores"], dynamic_axes={"lines": {0: "batch"}, "scores": {0: "batch"}})
