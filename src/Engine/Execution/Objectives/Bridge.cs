using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

public sealed class CrossEntropy(double smoothing = 0) : IObjective
{
    public double Smoothing => smoothing;
    public string Name => "cross_entropy";
    public bool ReadsOutput => false;
    public Tensor Loss(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets) => Losses.CrossEntropy(outputs[0], targets[0], smoothing);
    public double Weight(IReadOnlyList<Tensor> targets)
    {
        using var counted = targets[0].ne(-100);
        using var sum = counted.sum();
        return sum.item<long>();
    }
    public string? Misfit(IReadOnlyList<Value> outputs, IReadOnlyList<Tensor> targets)
    {
        using var scope = NewDisposeScope();
        if (targets[0].dtype != ScalarType.Int64) return $"cross-entropy takes Int64 class numbers, the targets are {targets[0].dtype}";
        var classes = outputs[0].Shape[outputs[0].Shape.Rank == 2 ? 1 : 0];
        var counted = targets[0][targets[0].ne(-100)];
        if (counted.numel() == 0) return null;
        var (low, high) = (counted.min().item<long>(), counted.max().item<long>());
        return low < 0 ? $"label {low}" : high >= classes ? $"label {high}, but the net tells {classes} classes apart" : null;
    }
    public IReadOnlyList<Tensor> SyntheticTargets(IReadOnlyList<Value> outputs, long batch) => throw new NotSupportedException();
}

public sealed class MeanSquaredError : IObjective
{
    public string Name => "mean_squared_error";
    public bool ReadsOutput => true;
    public Tensor Loss(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets) => nn.functional.mse_loss(outputs[0], targets[0]);
    public IReadOnlyList<Tensor> SyntheticTargets(IReadOnlyList<Value> outputs, long batch) => throw new NotSupportedException();
}
