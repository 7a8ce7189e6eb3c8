using Interactive.Data;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>What a run would not show is told before its first step.</summary>
public sealed class NetCautionTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Told(Graph graph, Func<Tensor, Tensor, Tensor>? loss = null)
    {
        using var scope = NewDisposeScope();
        var data = new TensorDataset(zeros(8, 4) + arange(4f), loss is null ? zeros(8, dtype: ScalarType.Int64) : zeros(8, 2));
        var options = new TrainerOptions { Name = "told", Out = folder, Epochs = 1, BatchSize = 8, Progress = false, Device = "cpu", LearningRate = 1e-3 };
        using var trainer = loss is null ? new Trainer(graph, data, data, options) : new Trainer(graph, data, data, options, loss: loss);
        trainer.Run();
        return string.Join("\n", File.ReadAllLines(Path.Combine(trainer.Directory!.Path, "log.txt")).Where(l => l.Contains("caution", StringComparison.Ordinal)));
    }

    private static Graph Net(nn.Module<Tensor, Tensor> middle, long last = 2)
        => Graph.Trace(nn.Sequential(("first", nn.Linear(4, 4)), ("middle", middle), ("last", nn.Linear(4, last))), zeros(2, 4));

    private sealed class Keeps : nn.Module<Tensor, Tensor>
    {
        private Tensor mean = zeros(4).DetachFromDisposeScope();
        public Keeps() : base("keeps") { }

        public override Tensor forward(Tensor x)
        {
            mean = (mean * 0.9 + x.mean([0]) * 0.1).detach().DetachFromDisposeScope();
            return x - mean;
        }
    }

    private sealed class Counts() : nn.Module<Tensor, Tensor>("counts")
    {
        private int runs;
        public override Tensor forward(Tensor x) => x * (1 + 0.1 * runs++);
    }

    private sealed class Inner
    {
        public int Runs { get; set; }
    }

    private sealed class Holds() : nn.Module<Tensor, Tensor>("holds")
    {
        private readonly Inner inner = new();
        public override Tensor forward(Tensor x) => x * (1 + 0.1 * inner.Runs++);
    }

    private sealed class Buffered : nn.Module<Tensor, Tensor>
    {
        private readonly Tensor mean = zeros(4);
        private readonly bool inEvaluation;

        public Buffered(bool persistent = true, bool inEvaluation = true) : base("buffered")
        {
            this.inEvaluation = inEvaluation;
            register_buffer("mean", mean, persistent);
        }

        public override Tensor forward(Tensor x)
        {
            if (training || inEvaluation)
                using (no_grad()) mean.mul_(0.9).add_(x.mean([0]) * 0.1);
            return x - mean;
        }
    }

    private sealed class Masks() : nn.Module<Tensor, Tensor>("masks")
    {
        private Tensor? mask;
        public override Tensor forward(Tensor x) => x * (mask ??= ones(4).DetachFromDisposeScope());
    }

    [Fact]
    public void A_state_outside_of_buffers_is_told_and_one_in_a_buffer_is_not()
    {
        Assert.Contains("caution: middle: its code keeps mean from one run to the next; no checkpoint keeps that, so a resumed run begins it anew, evaluations move it. Keep it in a buffer", Told(Net(new Keeps())));
        Assert.Contains("caution: middle: its code writes runs, on which a later run may depend; no checkpoint keeps that", Told(Net(new Counts())));
        Assert.Contains("caution: middle: its code writes inner.Runs, on which a later run may depend; no checkpoint keeps that", Told(Net(new Holds())));
        Assert.Contains("caution: middle: its code writes into mean, a buffer that is not persistent; no checkpoint keeps that", Told(Net(new Buffered(persistent: false))));
        Assert.Contains("caution: the buffer middle.mean moves in evaluations too, so what the net gives depends on how often it was asked: write if (training) before what moves it", Told(Net(new Buffered())));
        Assert.DoesNotContain("no checkpoint", Told(Net(new Buffered())));
        Assert.Equal("", Told(Net(new Buffered(inEvaluation: false))));
        Assert.Equal("", Told(Net(new Masks())));
    }

    [Fact]
    public void Slopes_that_are_not_drawn_are_told()
    {
        Assert.Contains("caution: sequential has random slopes (RReLU), of which TorchSharp takes the middle one in training too", Told(Net(nn.RReLU())));
        var middle = nn.RReLU();
        middle.eval(); // its author wants that one
        Assert.Equal("", Told(Net(middle)));
    }

    [Fact]
    public void Weights_of_one_number_are_told()
    {
        using var scope = NewDisposeScope();
        var alike = nn.Linear(4, 4);
        using (no_grad()) nn.init.trunc_normal_(alike.weight, std: 0.02); // TorchSharp 0.107 gives 0.02 everywhere
        Assert.Contains("caution: all numbers of middle.weight are 0.02, so what it makes is alike", Told(Net(alike)));
        var none = nn.Linear(4, 4);
        using (no_grad()) none.weight.zero_();
        Assert.Equal("", Told(Net(none)));
    }

    [Fact]
    public void A_group_norm_that_nobody_set_is_told()
    {
        using var scope = NewDisposeScope();
        nn.Module<Tensor, Tensor> Norm(float weight)
        {
            var norm = nn.GroupNorm(2, 4);
            using (no_grad())
            {
                norm.weight.fill_(weight);
                norm.bias!.zero_();
            }
            return nn.Sequential(("wide", nn.Unflatten(1, [4, 1])), ("norm", norm), ("flat", nn.Flatten()));
        }
        Assert.Contains("caution: the weights of middle.norm, a GroupNorm, are not ones", Told(Net(Norm(0))));
        Assert.Equal("", Told(Net(Norm(1))));
    }

    [Fact]
    public void A_likelihood_that_leaves_the_variance_is_told()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("uses TorchSharp's Gaussian likelihood, which gives the variance no gradient", Told(Net(nn.ReLU(), last: 4),
            (y, target) => nn.functional.gaussian_nll_loss(y[.., ..2], target, y[.., 2..].exp())));
        var likelihood = nn.GaussianNLLLoss();
        Assert.Contains("uses TorchSharp's Gaussian likelihood", Told(Net(nn.ReLU(), last: 4), (y, target) => likelihood.call(y[.., ..2], target, y[.., 2..].exp())));
        Assert.Equal("", Told(Net(nn.ReLU(), last: 2), (y, target) => nn.functional.mse_loss(y, target)));
    }
}
