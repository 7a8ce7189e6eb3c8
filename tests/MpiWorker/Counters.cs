using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.MpiWorker;

/// <summary>Layers that grow with the number of their runs, which a buffer of each counts, or one of all.</summary>
internal sealed class Counters : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> layers;

    public Counters(bool shared) : base("counters")
    {
        var all = shared ? zeros(1) : null;
        layers = nn.Sequential(nn.Flatten(), new Counts(64, 48, all), nn.ReLU(), new Counts(48, 32, all), nn.ReLU(), new Counts(32, 4, all));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => layers.call(x);

    private sealed class Counts : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> layer;
        private readonly Tensor runs;
        private readonly bool isAlone;

        public Counts(long from, long to, Tensor? runs) : base("counts")
        {
            (layer, isAlone) = (nn.Linear(from, to), runs is null || from == 64);
            register_buffer("runs", this.runs = runs ?? zeros(1));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            if (training && isAlone) using (no_grad()) runs.add_(0.01f);
            return layer.call(x) * (1 + runs);
        }
    }
}
