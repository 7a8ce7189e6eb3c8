using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>Convolutional nets as users write them: own classes with their own forward.</summary>
internal static class ConvolutionalNets
{
    internal sealed class Basic : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> conv1, bn1, conv2, bn2;
        private readonly Module<Tensor, Tensor>? down;

        public Basic(long from, long to, long stride) : base("basic")
        {
            (conv1, bn1) = (Conv2d(from, to, 3, stride, 1, bias: false), BatchNorm2d(to));
            (conv2, bn2) = (Conv2d(to, to, 3, padding: 1, bias: false), BatchNorm2d(to));
            if (stride != 1 || from != to) down = Sequential(Conv2d(from, to, 1, stride, bias: false), BatchNorm2d(to));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            var y = functional.relu(bn1.call(conv1.call(x)));
            y = bn2.call(conv2.call(y));
            return functional.relu(y + (down is null ? x : down.call(x)));
        }
    }

    internal sealed class ResNet : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> conv1 = Conv2d(3, 8, 3, padding: 1, bias: false), bn1 = BatchNorm2d(8),
            layer1 = Sequential(new Basic(8, 8, 1), new Basic(8, 8, 1)), layer2 = Sequential(new Basic(8, 16, 2)),
                fc = Linear(16, 5);
        public ResNet() : base("resnet") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            x = functional.max_pool2d(functional.relu(bn1.call(conv1.call(x))), 2);
            x = functional.adaptive_avg_pool2d(layer2.call(layer1.call(x)), 1);
            return fc.call(x.flatten(1));
        }
    }

    internal sealed class Bottleneck : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> conv1, bn1, conv2, bn2, conv3, bn3, relu = ReLU(inplace: true);
        public Bottleneck(long width) : base("bottleneck")
        {
            (conv1, bn1, conv2, bn2) = (Conv2d(width, width / 4, 1, bias: false), BatchNorm2d(width / 4),
                Conv2d(width / 4, width / 4, 3, padding: 1, groups: 2, bias: false), BatchNorm2d(width / 4));
            (conv3, bn3) = (Conv2d(width / 4, width, 1, bias: false), BatchNorm2d(width));
            RegisterComponents();
        }
        public override Tensor forward(Tensor x)
        {
            var y = relu.call(bn1.call(conv1.call(x)));
            y = bn3.call(conv3.call(relu.call(bn2.call(conv2.call(y)))));
            y.add_(x);
            return relu.call(y);
        }
    }

    internal sealed class UNet : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> down1 = Two(3, 8), down2 = Two(8, 16), bottom = Two(16, 32),
            up2 = ConvTranspose2d(32, 16, 2, 2), dec2 = Two(32, 16),
            up1 = ConvTranspose2d(16, 8, 2, 2), dec1 = Two(16, 8), head = Conv2d(8, 4, 1);
        private static Module<Tensor, Tensor> Two(long from, long to)
            => Sequential(Conv2d(from, to, 3, padding: 1), BatchNorm2d(to), ReLU(inplace: true),
            Conv2d(to, to, 3, padding: 1), BatchNorm2d(to), ReLU(inplace: true));
        public UNet() : base("unet") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var a = down1.call(x);
            var b = down2.call(functional.max_pool2d(a, 2));
            var c = bottom.call(functional.max_pool2d(b, 2));
            b = dec2.call(cat([up2.call(c), b], 1));
            return head.call(dec1.call(cat([up1.call(b), a], 1)));
        }
    }

    internal sealed class Generator : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> main = Sequential(
            ConvTranspose2d(16, 16, 4, bias: false), BatchNorm2d(16), ReLU(true),
                ConvTranspose2d(16, 8, 4, 2, 1, bias: false), BatchNorm2d(8), ReLU(true),
            ConvTranspose2d(8, 3, 4, 2, 1, bias: false), Tanh());
        public Generator() : base("generator") => RegisterComponents();
        public override Tensor forward(Tensor z) => main.call(z.view(-1, 16, 1, 1));
    }

    internal sealed class Discriminator : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> main = Sequential(
            Conv2d(3, 8, 4, 2, 1, bias: false), LeakyReLU(0.2, inplace: true), Conv2d(8, 16, 4, 2, 1, bias: false),
                BatchNorm2d(16), LeakyReLU(0.2, inplace: true), Conv2d(16, 1, 4, bias: false));
        public Discriminator() : base("discriminator") => RegisterComponents();
        public override Tensor forward(Tensor x) => main.call(x).view(-1, 1).squeeze(1);
    }

    internal sealed class SqueezeExcite : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> reduce, expand;
        public SqueezeExcite(long width) : base("se")
        {
            (reduce, expand) = (Conv2d(width, width / 4, 1), Conv2d(width / 4, width, 1));
            RegisterComponents();
        }
        public override Tensor forward(Tensor x)
        {
            var scale = x.mean([2, 3], keepdim: true);
            scale = expand.call(functional.silu(reduce.call(scale))).sigmoid();
            return x * scale;
        }
    }

    internal sealed class MBConv : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> grow, depth, se, shrink;
        private readonly bool skips;
        public MBConv(long from, long to, long stride) : base("mbconv")
        {
            var wide = 4 * from;
            grow = Sequential(Conv2d(from, wide, 1, bias: false), BatchNorm2d(wide), SiLU());
            depth = Sequential(Conv2d(wide, wide, 3, stride, 1, groups: wide, bias: false), BatchNorm2d(wide), SiLU());
            (se, shrink, skips) = (new SqueezeExcite(wide),
                Sequential(Conv2d(wide, to, 1, bias: false), BatchNorm2d(to)), stride == 1 && from == to);
            RegisterComponents();
        }
        public override Tensor forward(Tensor x)
        {
            var y = shrink.call(se.call(depth.call(grow.call(x))));
            return skips ? x + functional.dropout(y, 0.1, training) : y;
        }
    }

    internal sealed class EfficientNet : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor,
            Tensor> stem = Sequential(Conv2d(3, 8, 3, 2, 1, bias: false), BatchNorm2d(8), SiLU()),
            blocks = Sequential(new MBConv(8, 8, 1), new MBConv(8, 12, 2)), head = Linear(12, 5);
        public EfficientNet() : base("efficientnet") => RegisterComponents();
        public override Tensor forward(Tensor x)
            => head.call(functional.dropout(blocks.call(stem.call(x)).mean([2, 3]), 0.2, training));
    }

    internal sealed class InvertedResidual : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> layers;
        public InvertedResidual(long width) : base("inverted")
        {
            layers = Sequential(Conv2d(width, 4 * width, 1, bias: false), BatchNorm2d(4 * width), ReLU6(inplace: true),
                Conv2d(4 * width, 4 * width, 3, padding: 1, groups: 4 * width, bias: false), BatchNorm2d(4 * width),
                    ReLU6(inplace: true), Conv2d(4 * width, width, 1, bias: false), BatchNorm2d(width));
            RegisterComponents();
        }
        public override Tensor forward(Tensor x) => x + layers.call(x);
    }

    internal sealed class MobileNetV2 : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor,
            Tensor> features = Sequential(Conv2d(3, 8, 3, 2, 1), new InvertedResidual(8), new InvertedResidual(8)),
            classifier = Sequential(Dropout(0.2), Linear(8, 5));
        public MobileNetV2() : base("mobilenet") => RegisterComponents();
        public override Tensor forward(Tensor x)
            => classifier.call(functional.adaptive_avg_pool2d(features.call(x), 1).reshape(x.shape[0], -1));
    }
}
