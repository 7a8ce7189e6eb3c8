# Writes nets of Debian's PyTorch with random weights as ONNX files, as their users would: export.py FOLDER NAME...
import sys, warnings
import torch, torchvision
from torch import nn

warnings.filterwarnings("ignore")

class Unet(nn.Module):
    def __init__(self):
        super().__init__()
        block = lambda i, o: nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True), nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True))
        self.down1, self.down2, self.bottom = block(3, 16), block(16, 32), block(32, 64)
        self.up2, self.up1 = nn.ConvTranspose2d(64, 32, 2, 2), nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.join2, self.join1, self.head = block(64, 32), block(48, 16), nn.Conv2d(16, 2, 1)
        self.pool = nn.MaxPool2d(2)
    def forward(self, x):
        a = self.down1(x)
        b = self.down2(self.pool(a))
        c = self.join2(torch.cat([self.up2(self.bottom(self.pool(b))), b], 1))
        return self.head(self.join1(torch.cat([self.up1(c), a], 1)))

class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.lstm, self.head = nn.Embedding(50, 16), nn.LSTM(16, 12, bidirectional=True, batch_first=True), nn.Linear(24, 5)
    def forward(self, tokens): return self.head(self.lstm(self.embed(tokens))[0])

class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.query, self.key, self.value, self.out, self.heads = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width), heads
    def forward(self, x, mask):
        split = lambda y: y.view(y.size(0), y.size(1), self.heads, y.size(2) // self.heads).permute(0, 2, 1, 3)
        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = torch.matmul(q, k.transpose(-1, -2)) / (q.size(-1) ** 0.5) + mask
        y = torch.matmul(nn.functional.softmax(scores, dim=-1), v).permute(0, 2, 1, 3).contiguous()
        return self.out(y.view(y.size(0), y.size(1), y.size(2) * y.size(3)))

class Block(nn.Module):
    def __init__(self, width, heads, before, act):
        super().__init__()
        self.attention, self.up, self.down, self.act, self.before = Attention(width, heads), nn.Linear(width, 4 * width), nn.Linear(4 * width, width), act, before
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-12), nn.LayerNorm(width)
    def forward(self, x, mask):
        if self.before:
            x = x + self.attention(self.norm1(x), mask)
            return x + self.down(self.act(self.up(self.norm2(x))))
        x = self.norm1(x + self.attention(x, mask))
        return self.norm2(x + self.down(self.act(self.up(x))))

class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.places, self.types, self.norm = nn.Embedding(100, 32), nn.Embedding(64, 32), nn.Embedding(2, 32), nn.LayerNorm(32, eps=1e-12)
        self.layers, self.pooler = nn.ModuleList(Block(32, 4, False, nn.GELU()) for _ in range(3)), nn.Linear(32, 32)
        self.register_buffer("position_ids", torch.arange(64).expand((1, -1)))
    def forward(self, input_ids, attention_mask, token_type_ids):
        mask = (1.0 - attention_mask[:, None, None, :].to(torch.float)) * -10000.0
        x = self.norm(self.words(input_ids) + self.types(token_type_ids) + self.places(self.position_ids[:, :input_ids.size(1)]))
        for layer in self.layers: x = layer(x, mask)
        return x, torch.tanh(self.pooler(x[:, 0]))

class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe, self.norm = nn.Embedding(100, 32), nn.Embedding(64, 32), nn.LayerNorm(32)
        new_gelu = lambda x: 0.5 * x * (1.0 + torch.tanh((2 / 3.141592653589793) ** 0.5 * (x + 0.044715 * torch.pow(x, 3.0))))
        self.layers = nn.ModuleList(Block(32, 4, True, new_gelu) for _ in range(2))
        self.register_buffer("bias", torch.tril(torch.ones(64, 64)).view(1, 1, 64, 64))
    def forward(self, input_ids):
        length = input_ids.size(1)
        x = self.wte(input_ids) + self.wpe(torch.arange(0, length, dtype=torch.long, device=input_ids.device).unsqueeze(0))
        mask = (1.0 - self.bias[:, :, :length, :length]) * -1e9
        for layer in self.layers: x = layer(x, mask)
        return torch.matmul(self.norm(x), self.wte.weight.t())

zoo = torchvision.models
NETS = {
    "resnet18": lambda: zoo.resnet18(num_classes=10), "squeezenet1_1": lambda: zoo.squeezenet1_1(num_classes=10), "densenet121": lambda: zoo.densenet121(num_classes=10),
    "mobilenet_v2": lambda: zoo.mobilenet_v2(num_classes=10), "mobilenet_v3_small": lambda: zoo.mobilenet_v3_small(num_classes=10), "efficientnet_b0": lambda: zoo.efficientnet_b0(num_classes=10),
    "shufflenet_v2_x0_5": lambda: zoo.shufflenet_v2_x0_5(num_classes=10), "regnet_y_400mf": lambda: zoo.regnet_y_400mf(num_classes=10), "mnasnet0_5": lambda: zoo.mnasnet0_5(num_classes=10),
    "convnext": lambda: zoo.convnext.ConvNeXt([zoo.convnext.CNBlockConfig(16, 32, 2), zoo.convnext.CNBlockConfig(32, None, 2)], num_classes=10),
    "vgg": lambda: nn.Sequential(zoo.vgg.make_layers([16, "M", 32, "M", 32, 32, "M"], batch_norm=True), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(512, 64), nn.ReLU(True), nn.Dropout(), nn.Linear(64, 10)),
    "vit": lambda: zoo.VisionTransformer(64, 16, 2, 4, 32, 64, num_classes=10), "swin": lambda: zoo.SwinTransformer([4, 4], 16, [2, 2], [2, 4], [4, 4], num_classes=10),
    "unet": Unet, "tagger": Tagger, "bert": Bert, "gpt": Gpt,
}

def export(name, folder):
    torch.manual_seed(1)
    net = NETS[name]().eval()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d): # such as a trained net has
            module.running_mean.normal_(0, 0.1), module.running_var.uniform_(0.5, 1.5), module.weight.data.uniform_(0.5, 1.5), module.bias.data.normal_(0, 0.1)
    words = torch.randint(0, 50, (2, 12))
    if name == "bert":
        axes = {n: {0: "batch", 1: "sequence"} for n in ("input_ids", "attention_mask", "token_type_ids", "states")} | {"pooled": {0: "batch"}}
        torch.onnx.export(net, (words, torch.ones_like(words), torch.zeros_like(words)), f"{folder}/{name}.onnx", input_names=["input_ids", "attention_mask", "token_type_ids"], output_names=["states", "pooled"], dynamic_axes=axes, opset_version=13)
    elif name in ("gpt", "tagger"):
        torch.onnx.export(net, (words,), f"{folder}/{name}.onnx", input_names=["input_ids"], output_names=["logits"], dynamic_axes={n: {0: "batch", 1: "sequence"} for n in ("input_ids", "logits")}, opset_version=14)
    else:
        kept = torch.onnx.TrainingMode.TRAINING if name.startswith("resnet") else torch.onnx.TrainingMode.EVAL # batch norms stay, and fold
        torch.onnx.export(net, torch.randn(2, 3, 64, 64), f"{folder}/{name}.onnx", input_names=["image"], output_names=["logits"], dynamic_axes={n: {0: "batch"} for n in ("image", "logits")},
            opset_version=17 if name in ("swin", "convnext") else 13, training=torch.onnx.TrainingMode.PRESERVE if kept == torch.onnx.TrainingMode.TRAINING else kept, do_constant_folding=kept == torch.onnx.TrainingMode.EVAL)

if __name__ == "__main__":
    for name in sys.argv[2:] or NETS:
        try: export(name, sys.argv[1])
        except Exception as error: print(f"{name}: {str(error).splitlines()[0]}", file=sys.stderr)
