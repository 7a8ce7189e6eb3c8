using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>A loss that is a function of one's own.</summary>
internal sealed class FunctionObjective(string name, Func<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>, Tensor> loss,
    bool readsOutput) : IObjective
{
    private static readonly CrossEntropy Labels = new();

    public string Name => name;
    /// <summary>What it was made of.</summary>
    public Delegate Function => loss;
    public bool ReadsOutput => readsOutput;
    public Tensor Loss(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
        => loss(outputs, targets) ?? throw new UsageException($"{this.Called()} gave null, no tensor");

    /// <summary>Class numbers, numbers of the outputs' shapes or none: the first that the function takes.</summary>
    public IReadOnlyList<Tensor> SyntheticTargets(IReadOnlyList<Value> outputs, long batch)
    {
        foreach (var make in new[] { AsLabels, AsOutputs, AsNothing })
        {
            using var scope = NewDisposeScope();
            if (make(outputs, Few(outputs)) is { } trial && Takes(outputs, trial))
                return [.. make(outputs, batch)!.Select(t => t.MoveToOuterDisposeScope())];
        }
        throw new UsageException($"{this.Called()} takes neither class numbers nor numbers of the outputs' shapes: implement IObjective, whose SyntheticTargets makes targets to measure with");
    }

    // Another number than that of classes, so that shapes which do not belong together do not fit by chance.
    private static long Few(IReadOnlyList<Value> outputs) => outputs[0].Shape.ToArray().Contains(2) ? 3 : 2;

    private static IReadOnlyList<Tensor>? AsLabels(IReadOnlyList<Value> outputs, long batch)
        => outputs[0].Shape.Rank is >= 1 and <= 3 && outputs[0].Shape[0] > 1 ? Labels.SyntheticTargets(outputs, batch)
        : null;

    private static IReadOnlyList<Tensor> AsOutputs(IReadOnlyList<Value> outputs, long batch)
        => [.. outputs
        .Select(o => Fits.IsFloat(o.Type) ? Fits.Random(o, batch) : zeros(o.Shape.WithBatch(batch), o.Type))];

    private static IReadOnlyList<Tensor> AsNothing(IReadOnlyList<Value> outputs, long batch) => [];

    private bool Takes(IReadOnlyList<Value> outputs, IReadOnlyList<Tensor> targets)
    {
        try
        {
            return this.Value([.. outputs.Select(o => zeros(o.Shape.WithBatch(Few(outputs)), o.Type))], targets).numel() == 1;
        }
        catch (Exception e) when (e is System.Runtime.InteropServices.ExternalException or ArgumentException
            or IndexOutOfRangeException or InvalidOperationException)
        { return false; }
    }
}
