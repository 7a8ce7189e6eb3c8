using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// Any operator of libtorch's, as a trace found it: run through libtorch's
/// dispatcher, with autograd. Unless more is known of it, its graph is kept or dropped whole.
/// </summary>
internal sealed class AtenOp : Op
{
    private static readonly string[] MovesStatistics = ["aten::batch_norm", "aten::instance_norm"];
    private const int RunningMean = 3, RunningVariance = 4;

    private const string Attention = "aten::scaled_dot_product_attention";
    private const int DropoutOfAttention = 4;

    private readonly AtenCall call;
    private readonly AtenCall[] effects;
    private readonly IReadOnlyList<Extent> extents;
    private readonly ScalarType type;
    private readonly int[] results;
    private readonly PackedPlace[] places;
    private readonly (int Input, int Dimension) batchFrom;
    private readonly Parameter[] parameters;
    private readonly IReadOnlyList<string> inputSizes;

    /// <summary>An operator as one node.</summary>
    /// <param name="call">What runs.</param>
    /// <param name="effects">Runs before it, once a step: what moves the module's buffers.</param>
    /// <param name="extents">Sizes of the result.</param>
    /// <param name="type">Element type of the result.</param>
    /// <param name="results">Which of the results are the node's, the elements of a list counted singly.</param>
    /// <param name="places">Of several results: where each stands in the node's flat output; empty for one.</param>
    /// <param name="inputs">What it reads.</param>
    /// <param name="isView">The result shares the bytes of the one input.</param>
    /// <param name="isContiguous">What it reads and its result are contiguous: autograd keeps them as they are and no copies.</param>
    internal AtenOp(AtenCall call, AtenCall[] effects, IReadOnlyList<Extent> extents, ScalarType type, int[] results, PackedPlace[] places, IReadOnlyList<Value> inputs, bool isView, bool isContiguous)
    {
        (this.call, this.effects, this.extents, this.type, this.results, this.places) = (call, effects, extents, type, results, places);
        (IsView, this.isContiguous) = (isView, isContiguous);
        parameters = [.. call.Arguments.SelectMany(a => a.Held).OfType<Parameter>()];
        inputSizes = [.. inputs.Select(v => string.Join('x', v.Extents))];
        batchFrom = (-1, 0);
        for (var i = inputs.Count - 1; i >= 0; i--)
            for (var d = 0; d < inputs[i].Extents.Count; d++)
                if (inputs[i].Extents[d].PerSample != 0) batchFrom = (i, d);
        batchExtent = batchFrom.Input < 0 ? default : inputs[batchFrom.Input].Extents[batchFrom.Dimension];
    }

    private readonly Extent batchExtent;
    private readonly bool isContiguous;

    /// <summary>What runs.</summary>
    internal AtenCall Call => call;
    /// <summary>What runs before it, once a step.</summary>
    internal IReadOnlyList<AtenCall> Effects => effects;
    /// <summary>Sizes of the result.</summary>
    internal IReadOnlyList<Extent> Sizes => extents;
    /// <summary>Element type of the result.</summary>
    internal ScalarType Type => type;
    /// <summary>Which of the results are the node's.</summary>
    internal IReadOnlyList<int> Results => results;
    /// <summary>Of several results: where each stands in the output.</summary>
    internal IReadOnlyList<PackedPlace> Places => places;
    /// <summary>What it reads and its result are contiguous.</summary>
    internal bool IsContiguous => isContiguous;
    /// <summary>Read from a file, which may claim another result than libtorch gives: each run compares.</summary>
    internal bool IsClaimed { get; init; }

    /// <inheritdoc/>
    public override string Kind => call.Name[(call.Name.IndexOf("::", StringComparison.Ordinal) + 2)..];
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["call"] = call.ToString(),
        ["sizes"] = string.Join(" ", inputSizes),
        ["results"] = results.Select(r => (long)r).ToArray(),
    };
    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters => parameters;
    /// <inheritdoc/>
    internal override IEnumerable<Tensor> Buffers => effects.Append(call).SelectMany(c => c.Arguments).SelectMany(a => a.Held).Where(held => held is not Parameter);
    /// <inheritdoc/>
    internal override IEnumerable<Tensor> Moved => effects.SelectMany(c => c.Arguments)
        .Concat(MovesStatistics.Contains(call.Name) ? [call.Arguments[RunningMean], call.Arguments[RunningVariance]] : []).SelectMany(a => a.Held);
    /// <inheritdoc/>
    public override bool IsView { get; }
    /// <inheritdoc/>
    public override bool ViewsAll => IsView && AtenTraits.ViewsAll(call.Name);
    /// <inheritdoc/>
    public override bool IsCheap => !AtenTraits.IsHeavy(call.Name);
    /// <inheritdoc/>
    public override bool IsDifferentiable => call.WithGradient && !AtenTraits.EndsGradients(call.Name);
    /// <inheritdoc/>
    internal override bool AsksForRecording => call.Name == "aten::lstm"; // oneDNN's, for training or for inference
    /// <inheritdoc/>
    public override bool IsRandom => AtenTraits.IsRandom(call.Name) && !(call.Name == Attention && call.Arguments[DropoutOfAttention].ToString() == "0");
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
        => (OfSample(extents), type);
    /// <summary>The shape of a sample, or of the whole where the samples are not first.</summary>
    internal static Shape OfSample(IReadOnlyList<Extent> extents) => new([.. (extents is [{ PerSample: > 0 }, ..] ? extents.Skip(1) : extents).Select(e => e.At(1))]);
    /// <inheritdoc/>
    public override IReadOnlyList<Extent> Extents(IReadOnlyList<Value> inputs, Shape output) => extents;

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        var found = Run(inputs, mode);
        if (GivesSeveral)
        {
            var packed = Packed(found, Batch(inputs));
            foreach (var result in found) result.Dispose();
            return packed;
        }
        var output = found[0];
        if (IsClaimed) RequireClaim(output, extents, Batch(inputs));
        foreach (var input in inputs)
            if (input.Identity() == output.Identity())
            {
                var own = output.alias(); // an op's result is always a tensor of its own
                output.Dispose();
                return own;
            }
        return output;
    }

    private void RequireClaim(Tensor output, IReadOnlyList<Extent> claim, long batch)
    {
        var sizes = output.shape;
        var same = output.dtype == type && sizes.Length == claim.Count;
        for (var i = 0; same && i < sizes.Length; i++) same = sizes[i] == claim[i].At(batch);
        if (!same) throw new UsageException($"{call.Name} gives {string.Join('x', sizes)} {output.dtype}, and the model's file says {string.Join('x', claim)} {type}");
    }

    /// <summary>The node's output is several results, one behind the other.</summary>
    internal bool GivesSeveral => places.Length > 0;

    /// <summary>The results by themselves, with their graph; the output is made of their numbers alone.</summary>
    internal Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode, out Tensor[] results)
    {
        results = Run(inputs, mode);
        using var noGrad = no_grad();
        return Packed(results, Batch(inputs));
    }

    /// <summary>The parts of a gradient of the output, as views.</summary>
    internal Tensor[] Split(Tensor gradient) => Array.ConvertAll(places, place => place.Of(gradient));

    private Tensor Packed(Tensor[] found, long batch)
    {
        var parts = new List<Tensor>();
        for (var i = 0; i < found.Length; i++)
        {
            if (IsClaimed) RequireClaim(found[i], places[i].Extents, batch);
            using var laid = found[i].permute(places[i].Order);
            parts.Add(laid.reshape(-1));
            var gap = (i + 1 < found.Length ? places[i + 1].Offset : places[i].Total).At(batch) - places[i].Offset.At(batch) - parts[^1].numel();
            parts.Add(zeros(gap, found[i].dtype, found[i].device));
        }
        var packed = cat(parts, 0);
        foreach (var part in parts) part.Dispose();
        return packed;
    }

    private long Batch(ReadOnlySpan<Tensor> inputs) => batchFrom.Input < 0 ? 0 : batchExtent.BatchFor(inputs[batchFrom.Input].shape[batchFrom.Dimension]);

    private Tensor[] Run(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        var batch = Batch(inputs);
        if (mode is { Training: true, Recompute: false })
            foreach (var effect in effects)
                foreach (var done in effect.Run(inputs, batch, training: true)) done.Release();
        ReadOnlySpan<int> without = mode is { Training: true, Recompute: true } && MovesStatistics.Contains(call.Name) ? [RunningMean, RunningVariance] : [];
        var found = call.Run(inputs, batch, mode.Training, without);
        var picked = Array.ConvertAll(results, result => Pick(found, result));
        foreach (ref var value in found.AsSpan()) value.Release();
        return picked;
    }

    private Tensor Pick(NativeValue[] found, int result)
    {
        var at = result;
        foreach (var value in found)
            if (value.Tag != ValueTag.List)
            {
                if (at-- == 0) return value.ToTensor();
            }
            else if (at < value.Elements.Length) return value.Elements[at].ToTensor();
            else at -= value.Elements.Length;
        throw new InvalidOperationException($"{call.Name} gave {string.Join(", ", found.Select(f => f.Tag))}, no result {result}");
    }

    /// <inheritdoc/>
    public override Tensor ViewBackward(Tensor gradient, long[] shape)
    {
        if (AtenTraits.KeepsOrder(call.Name)) return gradient.reshape(shape);
        if (AtenTraits.TurnsBack(call.Name)) return TurnedBack(gradient);
        if (call.Name == AtenTraits.Permute) return gradient.permute(Inverse(((ListArgument)call.Arguments[1]).Numbers));
        using var number = zeros(1, gradient.dtype, gradient.device);
        using var input = number.expand(shape).detach().requires_grad_(true); // the view's backward reads sizes alone
        using var on = enable_grad();
        using var output = Forward([input], new RunMode(Training: true, Recompute: true));
        autograd.backward([output], [gradient]);
        return input.grad!;
    }

    // Which dimensions it exchanges follows no batch; where the batch lies in the gradient, its input's sizes do not tell.
    private Tensor TurnedBack(Tensor gradient)
    {
        var found = call.Run([gradient], batch: 0, training: true);
        var turned = found[0].ToTensor();
        found[0].Release();
        return turned;
    }

    private static long[] Inverse(long[] order)
    {
        var inverse = new long[order.Length];
        for (var i = 0; i < order.Length; i++) inverse[order[i] < 0 ? order[i] + order.Length : order[i]] = i;
        return inverse;
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => (isContiguous ? AtenTraits.Saves(call.Name) : null) ?? new(Inputs: uint.MaxValue >> 32 - Math.Clamp(node.Inputs.Count, 1, 32), Output: places.Length == 0, Swappable: false);
}
