using System.Globalization;
using Interactive.Graphs;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Mean softmax cross-entropy: output (batch, classes), (batch, tokens, classes) or (batch, classes, height, width),
/// target int64 class numbers (batch), (batch, tokens) or (batch, height, width), or shares of the classes, fp32 of the
/// output's shape, as MixUp makes them. The plain one writes its gradient over the output.
/// </summary>
/// <param name="labelSmoothing">Share of each target that is spread over all classes (Szegedy et al. 2015), 0 to 1;
/// default 0.</param>
/// <param name="ignoreIndex">The class number that does not count; default -100.</param>
/// <param name="classWeights">One weight a class; default all 1.</param>
/// <exception cref="UsageException">The smoothing is not between 0 and 1.</exception>
public sealed class CrossEntropy(double labelSmoothing = 0, long ignoreIndex = CrossEntropyInPlace.Ignored,
    IReadOnlyList<float>? classWeights = null) : IObjective
{
    private readonly double smoothing = labelSmoothing is >= 0 and <= 1 ? labelSmoothing
        : throw new UsageException($"label smoothing must be between 0 and 1, got {labelSmoothing.ToString(CultureInfo.InvariantCulture)}");
    private Tensor? weights;

    /// <summary>
    /// Whether plans are made for shares of classes as targets, which take more than class numbers where they are
    /// smoothed or weighted; default false. Both kinds are taken either way.
    /// </summary>
    internal bool IsOfShares { get; private init; }

    private int Tables { get; init; }
    int IObjective.Tables => Tables;

    /// <summary>The same, with plans for shares.</summary>
    internal CrossEntropy OfShares(Value output) => new(labelSmoothing, ignoreIndex, classWeights)
    {
        IsOfShares = true,
        // shares are smoothed or weighted in a table of their own, and multiplied in another
        Tables = MayOverwrite(output) ? 0 : 2,
    };

    /// <inheritdoc/>
    public string Name
        => "cross_entropy" + (smoothing > 0 ? "_smooth" : "") + (classWeights is null ? "" : "_weighted")
        + (IsOfShares ? "_shares" : "");
    /// <inheritdoc/>
    public bool ReadsOutput => false;

    /// <inheritdoc/>
    public Tensor Loss(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
        => SoftmaxCrossEntropy.Of(outputs[0], targets[0], smoothing, ignoreIndex, Weights(outputs[0]));

    /// <inheritdoc/>
    public bool MayOverwrite(Value output)
        => smoothing == 0 && ignoreIndex == CrossEntropyInPlace.Ignored && classWeights is null
        && output is { Type: ScalarType.Float32, Shape.Rank: 1 or 2 };

    /// <inheritdoc/>
    public bool MayOverwrite(Tensor output) => CrossEntropyInPlace.Takes(output);

    /// <inheritdoc/>
    public double LossOverOutput(Tensor output, Tensor target, double gradientScale)
        => CrossEntropyInPlace.Run(output, target, gradientScale);

    /// <summary>The labels that count, each with its class's weight.</summary>
    public double Weight(IReadOnlyList<Tensor> targets)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        // libtorch divides by the rows, whatever the weights of classes
        if (targets[0] is var shares && shares.is_floating_point())
            return shares.numel() / (double)shares.shape[shares.dim() == 3 ? 2 : 1];
        var counts = targets[0].ne(ignoreIndex);
        if (classWeights is null) return counts.sum().item<long>();
        return Table(targets[0].device)[targets[0].masked_select(counts)].to_type(ScalarType.Float64).sum()
            .item<double>();
    }

    IReadOnlyList<Tensor> IObjective.ForMetrics(IReadOnlyList<Tensor> targets)
    {
        if (ignoreIndex == CrossEntropyInPlace.Ignored || targets[0].is_floating_point()) return targets;
        using var ignored = targets[0].eq(ignoreIndex);
        return [targets[0].masked_fill(ignored, CrossEntropyInPlace.Ignored), .. targets.Skip(1)];
    }

    /// <inheritdoc/>
    public string? Misfit(IReadOnlyList<Value> outputs, IReadOnlyList<Tensor> targets)
    {
        if (outputs is not [{ Shape: { Rank: >= 1 and <= 3 } shape } output]) return $"cross-entropy takes one output of scores, (batch, classes) or per token or pixel; the net gives {Fits.Shapes(outputs)}";
        if (targets is not [var target]) return $"cross-entropy takes one target, the batch has {targets.Count}";
        if (target.dtype is not (ScalarType.Int64 or ScalarType.Float32))
            return $"cross-entropy takes class numbers (Int64) or shares of classes (Float32), the targets are {target.dtype}";
        if (!Fits.IsFloat(output.Type))
            return $"cross-entropy takes floating-point scores, the net gives {output.Type}";
        var classes = Classes(output);
        if (classWeights is { } given && given.Count != classes)
            return $"there are {given.Count} class weights, but the net tells {classes} classes apart";
        if (target.dtype == ScalarType.Float32) return MisfitOfShares(shape, target);
        var expected = LabelShape(shape).WithBatch(target.dim() > 0 ? target.shape[0] : 1);
        if (!target.shape.SequenceEqual(expected)) return $"the net gives {shape} for a sample, so cross-entropy takes labels ({string.Join(", ", expected)}), got ({string.Join(", ", target.shape)})";
        return OutOfRange(target, classes);
    }

    private static string? MisfitOfShares(Shape shape, Tensor target)
    {
        var expected = shape.WithBatch(target.dim() > 0 ? target.shape[0] : 1);
        if (!target.shape.SequenceEqual(expected)) return $"cross-entropy takes class numbers (Int64), the targets are Float32 ({string.Join(", ", target.shape)}); shares of the classes would be ({string.Join(", ", expected)})";
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        const double Rounding = 1e-3;
        var sums = target.sum(shape.Rank == 2 ? 2 : 1);
        var right = target.min().item<float>() >= 0 && sums.sub(Scalars.One).abs().max().item<float>() <= Rounding; // false of NaN
        return right ? null : "shares of classes must be 0 or more and add up to 1";
    }

    private string? OutOfRange(Tensor target, long classes)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var wrong = target.lt(0).logical_or(target.ge(classes)).logical_and(target.ne(ignoreIndex)).flatten();
        if (!wrong.any().item<bool>()) return null;
        var at = wrong.to_type(ScalarType.Int64).argmax().item<long>();
        var label = target.flatten()[at].item<long>();
        return $"label {label} of sample {at / (target.numel() / target.shape[0])}, but the net tells {classes} classes apart";
    }

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> SyntheticTargets(IReadOnlyList<Value> outputs, long batch) => IsOfShares
        ? [full(outputs[0].Shape.WithBatch(batch), 1.0 / Classes(outputs[0]), ScalarType.Float32)]
        : [randint(0, Classes(outputs[0]), LabelShape(outputs[0].Shape).WithBatch(batch), dtype: ScalarType.Int64)];

    // Scores of tokens come last, those of a whole sample or of pixels first.
    private static long Classes(Value output) => output.Shape.Rank == 2 ? output.Shape[1] : output.Shape[0];

    private static Shape LabelShape(Shape output)
        => output.Rank == 2 ? new Shape(output[0]) : new Shape(output.ToArray().AsSpan(1));

    private Tensor? Weights(Tensor output)
    {
        if (classWeights is null) return null;
        if (weights is { } known && known.device_type == output.device_type && known.dtype == output.dtype)
            return known;
        using (NewDisposeScope()) weights = Table(output.device).to_type(output.dtype).DetachFromDisposeScope();
        return weights;
    }

    private Tensor Table(Device device) => tensor(classWeights!.ToArray(), device: device);
}
