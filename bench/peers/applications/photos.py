#!/usr/bin/python3
"""The steps of notebooks/photos.csx with PyTorch and torchvision, for how many lines they take.

    python3 photos.py --weights resnet18.pth
    torchrun --nproc-per-node 2 photos.py --weights resnet18.pth --checkpoint
"""
import argparse
import json
import os

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import checkpoint_sequential
from torch.utils.data import DataLoader, Subset
from torch.utils.data.distributed import DistributedSampler
from torchvision import datasets, models, transforms

parser = argparse.ArgumentParser()
parser.add_argument("--folder", default="/usr/share/tuxpaint/stamps")
parser.add_argument("--classes", default="animals,food,plants,town,vehicles")
parser.add_argument("--weights", required=True)
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--batch-size", type=int, default=16)
parser.add_argument("--learning-rate", type=float, default=2e-3)
parser.add_argument("--max-steps", type=int, default=0)
parser.add_argument("--checkpoint", action="store_true", help="recompute activations; how much that saves is found out by trying")
parser.add_argument("--out", default="runs")
options = parser.parse_args()

ranks = int(os.environ.get("WORLD_SIZE", 1))
rank = int(os.environ.get("RANK", 0))
if ranks > 1:
    dist.init_process_group("gloo")
torch.manual_seed(1)


class Photos(datasets.ImageFolder):
    def find_classes(self, directory):
        names = sorted(options.classes.split(","))
        return names, {name: i for i, name in enumerate(names)}


steps = transforms.Compose([transforms.Resize(224), transforms.CenterCrop(224), transforms.ToTensor(),
                            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
photos = Photos(options.folder, steps)
order = torch.randperm(len(photos), generator=torch.Generator().manual_seed(1)).tolist()
cut = len(order) * 4 // 5
train, test = Subset(photos, order[:cut]), Subset(photos, order[cut:])
sampler = DistributedSampler(train, ranks, rank, drop_last=True)
batches = DataLoader(train, options.batch_size // ranks, sampler=sampler, num_workers=2, drop_last=True)
held = DataLoader(Subset(test, range(rank, len(test), ranks)), options.batch_size, num_workers=2)

net = models.resnet18()
net.load_state_dict(torch.load(options.weights, map_location="cpu"))
net.fc = nn.Linear(net.fc.in_features, len(photos.classes))


class Recomputing(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net
        self.body = nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool, net.layer1, net.layer2, net.layer3, net.layer4)

    def forward(self, x):
        if options.checkpoint and self.training:
            x = checkpoint_sequential(self.body, 4, x.requires_grad_())
        else:
            x = self.body(x)
        return self.net.fc(torch.flatten(self.net.avgpool(x), 1))


model = Recomputing(net)
parallel = DistributedDataParallel(model, find_unused_parameters=True) if ranks > 1 else model
head = set(net.fc.parameters())
optimizer = torch.optim.AdamW([{"params": [p for p in net.parameters() if p not in head], "lr": options.learning_rate / 10},
                               {"params": list(head), "lr": options.learning_rate}], weight_decay=0.01)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [g["lr"] for g in optimizer.param_groups], total_steps=options.epochs * len(batches))


def evaluate():
    model.eval()
    counts = torch.zeros(2)
    with torch.no_grad():
        for x, y in held:
            counts += torch.tensor([(model(x).argmax(1) == y).sum(), len(y)])
    if ranks > 1:
        dist.all_reduce(counts)
    return (counts[0] / counts[1]).item()


os.makedirs(options.out, exist_ok=True)
log = open(os.path.join(options.out, f"metrics{rank}.jsonl"), "w")
best, step = -1.0, 0
for epoch in range(options.epochs):
    sampler.set_epoch(epoch)
    for parameter in net.parameters():
        parameter.requires_grad = epoch > 0 or parameter in head
    parallel.train()
    if epoch == 0:
        for module in model.body.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
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
    accuracy = evaluate()
    if rank == 0:
        print(f"epoch {epoch}: accuracy {accuracy:.4f}")
        if accuracy > best:
            torch.save(net.state_dict(), os.path.join(options.out, "best.pth"))
    best = max(best, accuracy)
    if step == options.max_steps:
        break

if rank == 0:
    net.load_state_dict(torch.load(os.path.join(options.out, "best.pth")))
    net.eval()
    path, _ = photos.samples[order[cut]]
    shares = net(test[0][0][None]).softmax(1)[0]
    print(f"{best:.1%} of {len(test)} photographs are told apart, of {', '.join(photos.classes)}")
    print(f"{os.path.basename(path)}: {photos.classes[shares.argmax()]} {shares.max():.1%}")
    torch.onnx.export(net, torch.zeros(1, 3, 224, 224), os.path.join(options.out, "photos.onnx"),
                      input_names=["input"], output_names=["scores"], dynamic_axes={"input": {0: "batch"}, "scores": {0: "batch"}})
