import torch, torch.nn as nn, torch.nn.functional as F, sys
torch.manual_seed(0)
class Block(nn.Module):
    def __init__(s,c):
        super().__init__(); s.a=nn.Conv2d(c,c,3,padding=1,bias=False); s.n=nn.BatchNorm2d(c); s.b=nn.Conv2d(c,c,3,padding=1,bias=False); s.m=nn.BatchNorm2d(c)
    def forward(s,x):
        y=F.relu(s.n(s.a(x))); return F.relu(x+s.m(s.b(y)))
class Res(nn.Module):
    def __init__(s):
        super().__init__(); s.stem=nn.Conv2d(3,8,3,padding=1,bias=False); s.norm=nn.BatchNorm2d(8); s.blocks=nn.Sequential(Block(8),Block(8)); s.head=nn.Linear(8,5)
    def forward(s,x):
        x=F.relu(s.norm(s.stem(x))); x=s.blocks(x); x=F.adaptive_avg_pool2d(x,1); return s.head(torch.flatten(x,1))
class Mlp(nn.Module):
    def __init__(s):
        super().__init__(); s.layers=nn.Sequential(nn.Linear(6,16),nn.GELU(),nn.Dropout(0.2),nn.Linear(16,16),nn.LayerNorm(16),nn.Linear(16,3))
    def forward(s,x): return s.layers(x)
class Lstm(nn.Module):
    def __init__(s):
        super().__init__(); s.words=nn.Embedding(20,8); s.lstm=nn.LSTM(8,6,batch_first=True); s.tags=nn.Linear(6,4)
    def forward(s,x):
        y,_=s.lstm(s.words(x)); return s.tags(y)
class Attention(nn.Module):
    def __init__(s):
        super().__init__(); s.layer=nn.TransformerEncoderLayer(8,2,12,dropout=0.1,batch_first=True); s.head=nn.Linear(8,3)
    def forward(s,x): return s.head(s.layer(x)[:,0])
class Up(nn.Module):
    def __init__(s):
        super().__init__(); s.a=nn.Conv2d(3,8,3,padding=1); s.n=nn.GroupNorm(2,8); s.up=nn.ConvTranspose2d(8,4,2,stride=2); s.b=nn.Conv2d(4,2,1)
    def forward(s,x): return s.b(F.interpolate(s.up(F.max_pool2d(F.silu(s.n(s.a(x))),2)),scale_factor=2.0,mode='bilinear',align_corners=False))
class Cells(nn.Module):
    def __init__(s):
        super().__init__(); s.cell=nn.LSTMCell(5,7); s.head=nn.Linear(7,3)
    def forward(s,x):
        h,c=torch.zeros(x.size(0),7),torch.zeros(x.size(0),7)
        for t in range(x.size(1)): h,c=s.cell(x[:,t],(h,c))
        return s.head(h)
class Two(nn.Module):
    def __init__(s):
        super().__init__(); s.a=nn.Linear(6,5); s.b=nn.Linear(4,5)
    def forward(s,x,y): return torch.tanh(s.a(x)+s.b(y))
class Branch(nn.Module):
    def __init__(s):
        super().__init__(); s.a=nn.Linear(6,6); s.drop=nn.Dropout(0.5); s.b=nn.Linear(6,4)
    def forward(s,x):
        x=s.drop(s.a(x))
        if bool(x.sum()>1e6): x=-x
        return s.b(x)
out=sys.argv[1]
for name,net,x in [('resnet',Res(),torch.randn(2,3,8,8)),('mlp',Mlp(),torch.randn(2,6)),('lstm',Lstm(),torch.randint(0,20,(2,7))),
        ('attention',Attention(),torch.randn(2,5,8)),('up',Up(),torch.randn(2,3,8,8)),('cells',Cells(),torch.randn(2,4,5)),('two',Two(),(torch.randn(2,6),torch.randn(2,4))),('branch',Branch(),torch.randn(2,6))]:
    net.train()
    torch.jit.script(net).save(f'{out}/{name}-script.pt')
    torch.jit.trace(net,x,check_trace=False).save(f'{out}/{name}-trace.pt')
