using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// One argument of an operator of libtorch's, from which each run makes the value that it hands over.
/// </summary>
internal abstract class AtenArgument
{
    /// <summary>The value for a run; the operator takes it over.</summary>
    /// <param name="inputs">What the node reads.</param>
    /// <param name="batch">Samples; 0 where no size follows the batch.</param>
    /// <param name="training">Else evaluation.</param>
    public abstract NativeValue Value(ReadOnlySpan<Tensor> inputs, long batch, bool training);

    /// <summary>Lets go of what the last value was made of.</summary>
    public virtual void Return() { }

    /// <summary>True when the value follows the batch.</summary>
    public virtual bool FollowsBatch => false;

    /// <summary>Tensors that are not inputs: parameters, buffers and constants.</summary>
    public virtual IEnumerable<Tensor> Held => [];

    /// <summary>How it is written, for people and for telling nodes apart.</summary>
    public abstract override string ToString();
}

/// <summary>What the node reads.</summary>
internal sealed class InputArgument(int index) : AtenArgument
{
    public int Index => index;
    public override NativeValue Value(ReadOnlySpan<Tensor> inputs, long batch, bool training)
        => NativeValue.Of(inputs[index]);
    public override string ToString() => $"#{index}";
}

/// <summary>A parameter, a buffer or a constant.</summary>
internal sealed class HeldArgument(Tensor tensor, string name) : AtenArgument
{
    public Tensor Tensor => tensor;
    public override NativeValue Value(ReadOnlySpan<Tensor> inputs, long batch, bool training) => NativeValue.Of(tensor);
    public override IEnumerable<Tensor> Held => [tensor];
    public bool IsOf(NativeValue value) => value.Tag == ValueTag.Tensor && (nint)value.Payload == tensor.Identity();
    public override string ToString() => name;
}

/// <summary>A whole number that may follow the batch.</summary>
internal sealed class SizeArgument(Extent size) : AtenArgument
{
    public Extent Size => size;
    public override NativeValue Value(ReadOnlySpan<Tensor> inputs, long batch, bool training)
        => NativeValue.Of(size.At(batch));
    public override bool FollowsBatch => size.PerSample != 0;
    public bool IsOf(NativeValue value)
        => !FollowsBatch && NativeValue.Of(size.Fixed) is var own
        && (own.Tag, own.Payload) == (value.Tag, value.Payload);
    public override string ToString() => size.ToString();
}

/// <summary>Anything else, as it was seen, in training and in evaluation.</summary>
internal sealed class SeenArgument(NativeValue training, NativeValue evaluation) : AtenArgument
{
    private readonly KeptValue inTraining = new(training), inEvaluation = new(evaluation);
    public KeptValue InTraining => inTraining;
    public KeptValue InEvaluation => inEvaluation;
    public override NativeValue Value(ReadOnlySpan<Tensor> inputs, long batch, bool training)
        => (training ? inTraining : inEvaluation).Share();
    public override string ToString() => inTraining.ToString();
}

/// <summary>
/// A list. What was seen is kept, and its elements are put in place for each run; a list that is the same each time
/// stays as it is, for it may be a module's own.
/// </summary>
internal sealed class ListArgument(NativeValue seen, AtenArgument[] elements) : AtenArgument
{
    private readonly KeptValue list = new(seen);
    private readonly bool isFixed = IsFixed(seen, elements);

    private static bool IsFixed(NativeValue seen, AtenArgument[] elements)
    {
        for (var i = 0; i < elements.Length; i++)
            if (!(elements[i] is SizeArgument size && size.IsOf(seen.Elements[i]))
                && !(elements[i] is HeldArgument held && held.IsOf(seen.Elements[i]))) return false;
        return true;
    }

    public KeptValue List => list;
    public IReadOnlyList<AtenArgument> Elements => elements;

    /// <summary>Of a list of numbers that do not follow the batch.</summary>
    public long[] Numbers => [.. elements.Cast<SizeArgument>().Select(e => e.Size.Fixed)];

    public override NativeValue Value(ReadOnlySpan<Tensor> inputs, long batch, bool training)
    {
        if (isFixed) return list.Share();
        Return();
        for (var i = 0; i < elements.Length; i++) list.Elements[i] = elements[i].Value(inputs, batch, training);
        return list.Share();
    }

    public override void Return()
    {
        if (isFixed) return;
        foreach (ref var element in list.Elements) element.Release();
    }

    public override bool FollowsBatch => elements.Any(e => e.FollowsBatch);
    public override IEnumerable<Tensor> Held => elements.SelectMany(e => e.Held);
    public override string ToString() => $"[{string.Join(", ", elements.AsEnumerable())}]";
}
