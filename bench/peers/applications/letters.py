#!/usr/bin/python3
"""The steps of notebooks/letters.csx with PyTorch and torchaudio, for how many lines they take.

    apt-get install python3-torchaudio python3-soundfile klettres-data && /usr/bin/python3 letters.py
    torchrun --nproc-per-node 2 letters.py --checkpoint
"""
import argparse
import json
import os
import random
import xml.etree.ElementTree as xml
from pathlib import Path

import soundfile
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import checkpoint_sequential
from torch.utils.data import DataLoader, Dataset, Subset
from torch.utils.data.distributed import DistributedSampler
from torchaudio.functional import resample
from torchaudio.transforms import MelSpectrogram

parser = argparse.ArgumentParser()
parser.add_argument("--folder", default="/usr/share/klettres")
parser.add_argument("--held", default="de")
parser.add_argument("--epochs", type=int, default=40)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--learning-rate", type=float, default=3e-3)
parser.add_argument("--max-steps", type=int, default=0)
parser.add_argument("--checkpoint", action="store_true", help="recompute activations; how much that saves is found out by trying")
parser.add_argument("--out", default="runs")
options = parser.parse_args()

ranks = int(os.environ.get("WORLD_SIZE", 1))
rank = int(os.environ.get("RANK", 0))
if ranks > 1:
    dist.init_process_group("gloo")
torch.manual_seed(1)

RATE, LENGTH = 16000, 12800
mel = MelSpectrogram(RATE, n_fft=400, hop_length=160, n_mels=40)


def decode(path):
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    sound = resample(torch.from_numpy(samples).mean(1), rate, RATE)
    parts = nn.functional.pad(sound, (0, -len(sound) % 160)).view(-1, 160).pow(2).mean(1)
    loud = (parts >= parts.max() * 1e-3).nonzero()
    return sound[loud.min() * 160:(loud.max() + 1) * 160]


class Letters(Dataset):
    def __init__(self, wanted, training):
        self.training, self.samples = training, []
        for file in sorted(Path(options.folder).glob("*/sounds.xml")):
            if not wanted(file.parent.name):
                continue
            for sound in xml.parse(file).getroot().iterfind(".//alphabet/sound"):
                name, path = sound.get("name"), os.path.join(options.folder, sound.get("file"))
                if len(name) == 1 and "A" <= name <= "Z" and os.path.exists(path):
                    self.samples.append((decode(path), ord(name) - ord("A")))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        sound, letter = self.samples[index]
        if self.training:
            sound = resample(sound, random.randint(85, 115), 100)
        spare = len(sound) - LENGTH
        begin = 0 if spare <= 0 else random.randint(0, spare) if self.training else spare // 2
        sound = sound[begin:begin + LENGTH]
        sound = nn.functional.pad(sound, (0, LENGTH - len(sound)))
        if self.training:
            sound = sound * 3 ** random.uniform(-1, 1)
        return (mel(sound) + 1e-6).log()[None], letter


train = Letters(lambda language: language != options.held, training=True)
test = Letters(lambda language: language == options.held, training=False)
sampler = DistributedSampler(train, ranks, rank, drop_last=True)
batches = DataLoader(train, options.batch_size // ranks, sampler=sampler, drop_last=True)
held = DataLoader(Subset(test, range(rank, len(test), ranks)), options.batch_size)



class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(32, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32)

    def forward(self, x):
        return (x + self.norm(self.conv(x))).relu()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.start = nn.Sequential(nn.GroupNorm(1, 1), nn.Conv2d(1, 32, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(32), nn.ReLU())
        self.body = nn.Sequential(*[Block() for _ in range(5)])
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d((4, 5)), nn.Flatten(), nn.Dropout(0.4), nn.Linear(640, 26))

    def forward(self, x):
        x = self.start(x)
        return self.head(checkpoint_sequential(self.body, 3, x) if options.checkpoint and self.training else self.body(x))


net = Net()
parallel = DistributedDataParallel(net) if ranks > 1 else net
optimizer = torch.optim.AdamW(net.parameters(), options.learning_rate, weight_decay=0.05)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.learning_rate, total_steps=options.epochs * len(batches))


def evaluate():
    net.eval()
    counts = torch.zeros(3)
    with torch.no_grad():
        for x, y in held:
            guesses = net(x).topk(3).indices.eq(y[:, None])
            counts += torch.tensor([guesses[:, 0].sum(), guesses.any(1).sum(), len(y)])
    if ranks > 1:
        dist.all_reduce(counts)
    return (counts[:2] / counts[2]).tolist()


os.makedirs(options.out, exist_ok=True)
log = open(os.path.join(options.out, f"metrics{rank}.jsonl"), "w")
best, step = -1.0, 0
for epoch in range(options.epochs):
    sampler.set_epoch(epoch)
    parallel.train()
    for x, y in batches:
        loss = nn.functional.cross_entropy(parallel(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        step += 1
        log.write(json.dumps({"step": step, "loss": loss.item()}) + "\n")
        if step == options.max_steps:
            break
    accuracy, top3 = evaluate()
    if rank == 0 and accuracy > best:
        torch.save(net.state_dict(), os.path.join(options.out, "best.pth"))
    best = max(best, accuracy)
    if step == options.max_steps:
        break
if rank == 0:
    print(f"{accuracy:.1%} of the {len(test)} letters of '{options.held}' are told, {top3:.1%} are among three guesses, after {step} steps")
