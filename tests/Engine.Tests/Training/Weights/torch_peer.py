# PyTorch's side of the weights tests: loads each net's file with strict=True and compares logits, then writes nets of its own.
# usage: torch_peer.py FOLDER; prints one line a check: "ok NAME DIFFERENCE" or "fail NAME WHY"
import sys, warnings
import torch, torchvision
from torch import nn

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
torch.set_grad_enabled(False)
folder = sys.argv[1]
vit = lambda: torchvision.models.vision_transformer.VisionTransformer(image_size=32, patch_size=16, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=64, num_classes=5)
nets = {
    "resnet18": lambda: torchvision.models.resnet18(num_classes=5),
    "resnet50": lambda: torchvision.models.resnet50(num_classes=5),
    "densenet121": lambda: torchvision.models.densenet121(num_classes=5),
    "mobilenetv2": lambda: torchvision.models.mobilenet_v2(num_classes=5),
    "googlenet": lambda: torchvision.models.googlenet(num_classes=5, aux_logits=False, init_weights=False),
    "vit": vit,
}


def gelu_new(x):
    return nn.functional.gelu(x, approximate="tanh")


def attention(x, wq, wk, wv, bq, bk, bv, heads, causal):
    b, t, w = x.shape
    split = lambda y: y.view(b, t, heads, w // heads).transpose(1, 2)
    q, k, v = split(x @ wq.T + bq), split(x @ wk.T + bk), split(x @ wv.T + bv)
    s = q @ k.transpose(2, 3) / (w // heads) ** 0.5
    if causal:
        s = s.masked_fill(torch.ones(t, t).triu(1).bool(), float("-inf"))
    return (s.softmax(-1) @ v).transpose(1, 2).reshape(b, t, w)


def gpt2(sd, tokens, layers=2, heads=2):
    """Hugging Face's GPT-2 from its state dictionary: Conv1D holds (inputs, outputs)."""
    n = lambda y, p: nn.functional.layer_norm(y, y.shape[-1:], sd[p + ".weight"], sd[p + ".bias"], 1e-5)
    x = sd["transformer.wte.weight"][tokens] + sd["transformer.wpe.weight"][: tokens.shape[1]]
    for i in range(layers):
        p = f"transformer.h.{i}."
        w, b = sd[p + "attn.c_attn.weight"].T.chunk(3), sd[p + "attn.c_attn.bias"].chunk(3)
        x = x + attention(n(x, p + "ln_1"), *w, *b, heads, True) @ sd[p + "attn.c_proj.weight"] + sd[p + "attn.c_proj.bias"]
        y = gelu_new(n(x, p + "ln_2") @ sd[p + "mlp.c_fc.weight"] + sd[p + "mlp.c_fc.bias"])
        x = x + y @ sd[p + "mlp.c_proj.weight"] + sd[p + "mlp.c_proj.bias"]
    return n(x, "transformer.ln_f") @ sd["transformer.wte.weight"].T


def vit_of(names):
    """A ViT from a state dictionary, by a function from parts to names: timm's and Hugging Face's differ in nothing else."""
    def run(sd, x, layers=2, heads=2):
        n = lambda y, p: nn.functional.layer_norm(y, y.shape[-1:], sd[p + ".weight"], sd[p + ".bias"], 1e-6)
        f = lambda y, p: y @ sd[p + ".weight"].T + sd[p + ".bias"]
        patch, cls, pos, block, norm, head = names
        x = nn.functional.conv2d(x, sd[patch + ".weight"], sd[patch + ".bias"], stride=16).flatten(2).transpose(1, 2)
        x = torch.cat([sd[cls].expand(len(x), -1, -1), x], 1) + sd[pos]
        for i in range(layers):
            n1, q, k, v, proj, n2, fc1, fc2 = block(sd, i)
            x = x + f(attention(n(x, n1), q[0], k[0], v[0], q[1], k[1], v[1], heads, False), proj)
            x = x + f(nn.functional.gelu(f(n(x, n2), fc1)), fc2)
        return f(n(x, norm)[:, 0], head)
    return run


def timm_block(sd, i):
    p = f"blocks.{i}."
    w, b = sd[p + "attn.qkv.weight"].chunk(3), sd[p + "attn.qkv.bias"].chunk(3)
    return p + "norm1", *zip(w, b), p + "attn.proj", p + "norm2", p + "mlp.fc1", p + "mlp.fc2"


def hf_block(sd, i):
    p = f"vit.encoder.layer.{i}."
    a = p + "attention.attention."
    qkv = [(sd[a + f"{s}.weight"], sd[a + f"{s}.bias"]) for s in ("query", "key", "value")]
    return p + "layernorm_before", *qkv, p + "attention.output.dense", p + "layernorm_after", p + "intermediate.dense", p + "output.dense"


functions = {
    "gpt2": gpt2,
    "timm-vit": vit_of(("patch_embed.proj", "cls_token", "pos_embed", timm_block, "norm", "head")),
    "hf-vit": vit_of(("vit.embeddings.patch_embeddings.projection", "vit.embeddings.cls_token", "vit.embeddings.position_embeddings", hf_block, "vit.layernorm", "classifier")),
}


def check(name, run):
    try:
        print(f"ok {name} {run():.3g}", flush=True)
    except Exception as e:
        print(f"fail {name} {type(e).__name__}: {' '.join(str(e).split())[:300]}", flush=True)


def theirs(name):
    data = torch.load(f"{folder}/{name}.data.pth")
    weights = torch.load(f"{folder}/{name}.pth", weights_only=True)
    if name in functions:
        out = functions[name](weights, data["x"])
    else:
        net = nets[name]().eval()
        net.load_state_dict(weights, strict=True)
        out = net(data["x"])
    return (out - data["y"]).abs().max().item()


def ours(name):
    torch.manual_seed(1)
    net = nets[name]().eval()
    for module in net.modules():  # statistics that are not zero and one
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 2)
    x = torch.randn(2, 3, 32 if name == "vit" else 64, 32 if name == "vit" else 64)
    torch.save({"epoch": 3, "state_dict": net.state_dict(), "best": 0.5}, f"{folder}/{name}.theirs.pth")
    torch.save({"x": x, "y": net(x)}, f"{folder}/{name}.theirs.data.pth")
    return 0


for name in [*nets, *functions]:
    check(name, lambda: theirs(name))
for name in nets:
    check("write-" + name, lambda: ours(name))
