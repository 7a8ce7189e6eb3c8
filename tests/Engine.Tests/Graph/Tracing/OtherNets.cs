using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>Generative, point and dense nets as users write them.</summary>
internal static class OtherNets
{
    internal sealed class Vae : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> fc1 = Linear(12, 16), mean = Linear(16, 4), spread = Linear(16, 4),
            fc3 = Linear(4, 16), fc4 = Linear(16, 12);
        public Vae() : base("vae") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var h = functional.relu(fc1.call(x));
            var (mu, logvar) = (mean.call(h), spread.call(h));
            var std = (0.5 * logvar).exp();
            var z = mu + randn_like(std) * std;
            return cat([fc4.call(functional.relu(fc3.call(z))).sigmoid(), mu, logvar], 1);
        }
    }

    internal sealed class Autoencoder : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor,
            Tensor> encoder = Sequential(Conv2d(1, 4, 3, 2, 1), ReLU(), Conv2d(4, 8, 3, 2, 1), ReLU(), Flatten(),
            Linear(32, 6)), middle = Linear(6, 32),
            decoder = Sequential(ReLU(), ConvTranspose2d(8, 4, 3, 2, 1, output_padding: 1), ReLU(),
                ConvTranspose2d(4, 1, 3, 2, 1, output_padding: 1), Sigmoid());
        public Autoencoder() : base("autoencoder") => RegisterComponents();
        public override Tensor forward(Tensor x)
            => decoder.call(middle.call(encoder.call(x)).view(x.shape[0], 8, 2, 2));
    }

    internal sealed class PointNet : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> mlp1 = Sequential(Conv1d(3, 8, 1), BatchNorm1d(8), ReLU()),
            mlp2 = Sequential(Conv1d(8, 16, 1), BatchNorm1d(16), ReLU()), fc1 = Linear(16, 8), bn = BatchNorm1d(8),
            fc2 = Linear(8, 4);
        public PointNet() : base("pointnet") => RegisterComponents();
        public override Tensor forward(Tensor points)
        {
            var y = mlp2.call(mlp1.call(points.transpose(2, 1)));
            var (best, _) = y.max(2, keepdim: true);
            return functional.log_softmax(fc2.call(functional.relu(bn.call(fc1.call(best.view(-1, 16))))), 1);
        }
    }

    internal sealed class Highway : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> enter = Linear(6, 8), plain1 = Linear(8, 8), gate1 = Linear(8, 8),
            plain2 = Linear(8, 8), gate2 = Linear(8, 8), leave = Linear(8, 3);
        public Highway() : base("highway") => RegisterComponents();
        private static Tensor Layer(Tensor x, Module<Tensor, Tensor> plain, Module<Tensor, Tensor> gate)
        {
            var t = gate.call(x).sigmoid();
            return functional.relu(plain.call(x)) * t + x * (1 - t);
        }
        public override Tensor forward(Tensor x)
            => leave.call(Layer(Layer(functional.tanh(enter.call(x)), plain1, gate1), plain2, gate2));
    }

    internal sealed class Branchy : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> left = Sequential(Conv2d(4, 4, 3, padding: 1), Norm(4), SiLU()),
            right = Sequential(Conv2d(4, 4, 5, padding: 2), Norm(4), SiLU()), mix = Conv2d(8, 4, 1), norm = Norm(4),
            stem = Conv2d(1, 4, 3, padding: 1), head = Linear(4, 5);
        internal static Module<Tensor, Tensor> Norm(long channels)
        {
            var norm = GroupNorm(2, channels);
            init.ones_(norm.weight);
            init.zeros_(norm.bias);
            return norm;
        }
        public Branchy() : base("branchy") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            x = stem.call(x);
            using var both = cat([left.call(x), right.call(x)], 1);
            using var mixed = mix.call(both);
            using var n = norm.call(mixed);
            return head.call(functional.silu(n + x).mean([2, 3]));
        }
    }
}
