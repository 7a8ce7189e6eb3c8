using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>Branching, dense, 1-d, 3-d and pyramid nets as users write them.</summary>
internal static class MoreConvolutionalNets
{
    internal sealed class ConvNeXtBlock : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> dwconv, norm, pwconv1, pwconv2;
        private readonly TorchSharp.Modules.Parameter gamma;
        public ConvNeXtBlock(long width) : base("block")
        {
            (dwconv, norm, pwconv1, pwconv2) = (Conv2d(width, width, 7, padding: 3, groups: width),
                LayerNorm(width, 1e-6), Linear(width, 4 * width), Linear(4 * width, width));
            gamma = new TorchSharp.Modules.Parameter(full(width, 0.5));
            RegisterComponents();
        }
        public override Tensor forward(Tensor x)
        {
            var y = norm.call(dwconv.call(x).permute(0, 2, 3, 1));
            y = gamma * pwconv2.call(functional.gelu(pwconv1.call(y)));
            return x + y.permute(0, 3, 1, 2);
        }
    }

    internal sealed class ConvNeXt : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> stem = Conv2d(3, 8, 4, 4),
            blocks = Sequential(new ConvNeXtBlock(8), new ConvNeXtBlock(8)), norm = LayerNorm(8), head = Linear(8, 5);
        public ConvNeXt() : base("convnext") => RegisterComponents();
        public override Tensor forward(Tensor x) => head.call(norm.call(blocks.call(stem.call(x)).mean([-2, -1])));
    }

    internal sealed class Fire : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> squeeze, expand1, expand3, act = ReLU(inplace: true);
        public Fire(long from, long narrow, long wide) : base("fire")
        {
            (squeeze, expand1, expand3) = (Conv2d(from, narrow, 1), Conv2d(narrow, wide, 1),
                Conv2d(narrow, wide, 3, padding: 1));
            RegisterComponents();
        }
        public override Tensor forward(Tensor x)
        {
            x = act.call(squeeze.call(x));
            return cat([act.call(expand1.call(x)), act.call(expand3.call(x))], 1);
        }
    }

    internal sealed class SqueezeNet : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor,
            Tensor> features = Sequential(Conv2d(3, 8, 3, 2), ReLU(true), MaxPool2d(3, 2, ceil_mode: true),
            new Fire(8, 4, 8), new Fire(16, 4, 8)), final = Conv2d(16, 5, 1);
        public SqueezeNet() : base("squeezenet") => RegisterComponents();
        public override Tensor forward(Tensor x)
            => functional.adaptive_avg_pool2d(functional.relu(final.call(functional.dropout(features.call(x), 0.5,
            training))), 1).flatten(1);
    }

    internal sealed class DenseNet : Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.ModuleList<Module<Tensor,
            Tensor>> layers = ModuleList<Module<Tensor, Tensor>>();
        private readonly Module<Tensor, Tensor> stem = Conv2d(3, 8, 3, padding: 1),
            transition = Sequential(BatchNorm2d(20), ReLU(), Conv2d(20, 8, 1), AvgPool2d(2)), fc = Linear(8, 5);
        public DenseNet() : base("densenet")
        {
            for (var i = 0; i < 3; i++)
                layers.Add(Sequential(BatchNorm2d(8 + 4 * i), ReLU(),
                Conv2d(8 + 4 * i, 4, 3, padding: 1, bias: false)));
            RegisterComponents();
        }
        public override Tensor forward(Tensor x)
        {
            var all = new List<Tensor> { stem.call(x) };
            foreach (var layer in layers) all.Add(layer.call(cat([.. all], 1)));
            return fc.call(transition.call(cat([.. all], 1)).mean([2, 3]));
        }
    }

    internal sealed class Inception : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> one = Conv2d(3, 4, 1),
            three = Sequential(Conv2d(3, 4, 1), ReLU(), Conv2d(4, 4, 3, padding: 1)),
            five = Sequential(Conv2d(3, 2, 1), ReLU(), Conv2d(2, 4, 5, padding: 2)), pool = Conv2d(3, 4, 1),
            fc = Linear(16, 5);
        public Inception() : base("inception") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var pooled = functional.avg_pool2d(x, 3, stride: 1, padding: 1);
            var y = cat([one.call(x), three.call(x), five.call(x), pool.call(pooled)], 1);
            return fc.call(functional.relu(y).amax([2, 3]));
        }
    }

    internal sealed class WaveBlock : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> filter, gate, mix;
        public WaveBlock(long width, long dilation) : base("wave")
        {
            (filter, gate, mix) = (Conv1d(width, width, 2, dilation: dilation, padding: dilation),
                Conv1d(width, width, 2, dilation: dilation, padding: dilation), Conv1d(width, width, 1));
            RegisterComponents();
        }
        public override Tensor forward(Tensor x)
        {
            var length = x.shape[2];
            var y = filter.call(x).narrow(2, 0, length).tanh() * gate.call(x).narrow(2, 0, length).sigmoid();
            return x + mix.call(y);
        }
    }

    internal sealed class WaveNet : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> start = Conv1d(1, 8, 1),
            blocks = Sequential(new WaveBlock(8, 1), new WaveBlock(8, 2), new WaveBlock(8, 4)), end = Conv1d(8, 5, 1);
        public WaveNet() : base("wavenet") => RegisterComponents();
        public override Tensor forward(Tensor x) => end.call(functional.relu(blocks.call(start.call(x))));
    }

    internal sealed class Volume : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> conv1 = Conv3d(1, 4, 3, padding: 1), bn = BatchNorm3d(4),
            conv2 = Conv3d(4, 8, 3, 2, 1), fc = Linear(8, 3);
        public Volume() : base("volume") => RegisterComponents();
        public override Tensor forward(Tensor x)
            => fc.call(functional.elu(conv2.call(functional.relu(bn.call(conv1.call(x)))), 1).mean([2, 3, 4]));
    }

    internal sealed class SuperResolution : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> conv1 = Conv2d(1, 8, 5, padding: 2),
            conv2 = Conv2d(8, 8, 3, padding: 1), conv3 = Conv2d(8, 4, 3, padding: 1);
        public SuperResolution() : base("superresolution") => RegisterComponents();
        public override Tensor forward(Tensor x)
            => functional.pixel_shuffle(conv3.call(functional.relu(conv2.call(functional.relu(conv1.call(x))))), 2);
    }

    internal sealed class Pyramid : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> c1 = Conv2d(3, 8, 3, padding: 1), c2 = Conv2d(8, 16, 3, 2, 1),
            l1 = Conv2d(8, 8, 1), l2 = Conv2d(16, 8, 1), smooth = Conv2d(8, 4, 3, padding: 1);
        public Pyramid() : base("pyramid") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var a = functional.relu(c1.call(x));
            var b = functional.relu(c2.call(a));
            var top = functional.interpolate(l2.call(b), [a.shape[2], a.shape[3]], mode: InterpolationMode.Bilinear,
                align_corners: false);
            return smooth.call(l1.call(a) + top);
        }
    }
}
