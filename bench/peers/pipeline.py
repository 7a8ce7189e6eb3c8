"""A pipeline written by hand in PyTorch, 1F1B with send and recv over gloo: one rank, started by torchrun-like variables.

    for r in 0 1; do RANK=$r WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=29651 /usr/bin/python3 bench/peers/pipeline.py 32 8 2 5 & done; wait

Arguments: batch, micro-batches, first block of each stage from the second on (with commas between), rounds. The net is that of
`interactive models`' gpt: 4 blocks of width 256, 4 heads, 128 tokens, a vocabulary of 4096, tied. A step is zero_grad, all
micro-batches and SGD with momentum: what `interactive bench parallel --model gpt` times. In each round one rank runs the same
micro-batches, too. One JSON line from rank 0. The sum of the tied table's gradients goes from the last rank to the first.
"""
import json
import sys
import time

import torch
import torch.distributed as dist
import torch.nn as nn
import torch.nn.functional as F

WIDTH, HEADS, TOKENS, VOCABULARY, BLOCKS = 256, 4, 128, 4096, 4


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention, self.projection = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.register_buffer("mask", torch.full((TOKENS, TOKENS), float("-inf")).triu(1), persistent=False)

    def forward(self, x):
        heads = lambda t: t.view(len(x), TOKENS, HEADS, -1).transpose(1, 2)
        q, k, v = map(heads, self.attention(self.ln_1(x)).split(WIDTH, 2))
        scores = (q @ k.transpose(2, 3) * (WIDTH // HEADS) ** -0.5 + self.mask).softmax(-1)
        x = x + self.projection((scores @ v).transpose(1, 2).reshape(x.shape))
        return x + self.down(F.gelu(self.up(self.ln_2(x))))


class Stage(nn.Module):
    """Blocks first to end; the first stage embeds, the last one has the tied head and the loss."""

    def __init__(self, first, end):
        super().__init__()
        self.is_first, self.is_last = first == 0, end == BLOCKS
        torch.manual_seed(1)
        if self.is_first or self.is_last:
            self.table = nn.Embedding(VOCABULARY, WIDTH)
            nn.init.normal_(self.table.weight, 0, 0.02)
        if self.is_first:
            self.places = nn.Parameter(torch.randn(TOKENS, WIDTH) * 0.02)
        self.blocks = nn.Sequential(*[Block() for _ in range(first, end)])
        if self.is_last:
            self.norm = nn.LayerNorm(WIDTH)

    def forward(self, x, target=None):
        if self.is_first:
            x = self.table(x) + self.places
        x = self.blocks(x)
        if not self.is_last:
            return x
        return F.cross_entropy((self.norm(x) @ self.table.weight.t()).flatten(0, 1), target.flatten())


batch, micro, cuts, rounds = int(sys.argv[1]), int(sys.argv[2]), [int(c) for c in sys.argv[3].split(",")], int(sys.argv[4])
torch.set_num_threads(1)
dist.init_process_group("gloo")
rank, ranks = dist.get_rank(), dist.get_world_size()
if len(cuts) != ranks - 1 or batch % micro:
    sys.exit(f"{ranks} ranks need {ranks - 1} first blocks, and a batch that divides by {micro}")
bounds = [0, *cuts, BLOCKS]
torch.manual_seed(2)
tokens, targets = (torch.randint(0, VOCABULARY, (batch, TOKENS)).chunk(micro) for _ in range(2))
shape = (batch // micro, TOKENS, WIDTH)


def with_optimizer(stage):
    return stage, torch.optim.SGD(stage.parameters(), 0.01, momentum=0.9)


def alone(stage, optimizer):
    optimizer.zero_grad()
    for x, y in zip(tokens, targets):
        (stage(x, y) / micro).backward()
    optimizer.step()


def pipeline(stage, optimizer):
    optimizer.zero_grad()
    flying, sent, waited = [], [], 0.0

    def receive(peer):
        nonlocal waited
        tensor, start = torch.empty(shape), time.perf_counter()
        dist.recv(tensor, peer)
        waited += time.perf_counter() - start
        return tensor

    def forward(i):
        x = tokens[i] if rank == 0 else receive(rank - 1).requires_grad_()
        y = stage(x, targets[i])
        if rank < ranks - 1:
            sent.append((dist.isend(y.detach(), rank + 1), y))
        flying.append((x, y))

    def backward():
        x, y = flying.pop(0)
        if rank == ranks - 1:
            (y / micro).backward()
        else:
            y.backward(receive(rank + 1))
        if rank > 0:
            sent.append((dist.isend(x.grad, rank - 1), x))

    warm_up = min(ranks - rank - 1, micro)
    for i in range(warm_up):
        forward(i)
    for i in range(warm_up, micro):
        forward(i)
        backward()
    for _ in range(warm_up):
        backward()
    for request, _ in sent:
        request.wait()
    start = time.perf_counter()
    if ranks > 1 and rank in (0, ranks - 1):  # the tied table
        other, mine = ranks - 1 - rank, stage.table.weight
        if rank == 0:
            theirs = torch.empty_like(mine)
            dist.recv(theirs, other)
            mine.grad.add_(theirs)
            dist.send(mine.grad, other)
        else:
            dist.send(mine.grad, other)
            dist.recv(mine.grad, other)
    waited += time.perf_counter() - start
    optimizer.step()
    return waited


def timed(step, *arguments):
    dist.barrier()
    start = time.perf_counter()
    waited = step(*arguments) or 0.0
    slowest = torch.tensor([time.perf_counter() - start])
    dist.all_reduce(slowest, op=dist.ReduceOp.MAX)
    idle = torch.tensor([waited])
    dist.all_reduce(idle)
    return slowest.item(), idle.item()


mine = with_optimizer(Stage(bounds[rank], bounds[rank + 1]))
whole = with_optimizer(Stage(0, BLOCKS)) if rank == 0 else None
one, cut, ratios, idle = [], [], [], []
for round in range(-2, rounds):
    single, _ = timed(alone, *whole) if rank == 0 else timed(lambda: None)
    seconds, waited = timed(pipeline, *mine)
    if round >= 0:
        one, cut, ratios, idle = one + [single], cut + [seconds], ratios + [single / seconds], idle + [waited / ranks / seconds]
if rank == 0:
    middle = lambda values: sorted(values)[len(values) // 2]
    print(json.dumps({"peer": f"PyTorch {torch.__version__}, 1F1B by hand over gloo", "ranks": ranks, "batch": batch, "micro": micro, "stages": bounds,
                      "oneSeconds": middle(one), "seconds": middle(cut), "faster": middle(ratios), "idleShare": middle(idle)}), flush=True)
dist.barrier()
