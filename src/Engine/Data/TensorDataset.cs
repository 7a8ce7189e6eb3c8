using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>
/// Samples that lie in tensors, one sample a row of each. Holds tensors of its own that share the given ones' memory.
/// </summary>
public sealed class TensorDataset : IBatchSource, IDisposable
{
    private readonly NamedTensor[] inputs, targets;

    /// <summary>One input and one target.</summary>
    /// <param name="input">(samples, …) of any type.</param>
    /// <param name="target">(samples, …) of any type.</param>
    public TensorDataset(Tensor input, Tensor target) : this([new("input", input)], [new("target", target)]) { }

    /// <summary>Several of each, by the names that the graph and the metrics know.</summary>
    /// <exception cref="UsageException">There is no input, or they do not have equally many samples; the message names
    /// both.</exception>
    public TensorDataset(IReadOnlyList<NamedTensor> inputs, IReadOnlyList<NamedTensor> targets)
    {
        if (inputs.Count == 0) throw new UsageException("a tensor data set needs an input");
        foreach (var named in inputs.Concat(targets))
            if (named.Tensor.dim() == 0 || named.Tensor.shape[0] != inputs[0].Tensor.shape[0])
                throw new UsageException($"{named.Name} is ({string.Join(", ", named.Tensor.shape)}), {inputs[0].Name} has {inputs[0].Tensor.shape[0]} samples");
        this.inputs = Own(inputs);
        this.targets = Own(targets);
        Count = (int)inputs[0].Tensor.shape[0];
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
    {
        using var rows = tensor(Array.ConvertAll(samples.ToArray(), sample => (long)sample));
        return new Batch(Take(inputs), Take(targets));
        NamedTensor[] Take(NamedTensor[] from)
            => Array.ConvertAll(from, n => n with { Tensor = n.Tensor.index_select(0, rows) });
    }

    private static NamedTensor[] Own(IReadOnlyList<NamedTensor> tensors)
        => [.. tensors.Select(n => n with { Tensor = n.Tensor.detach().DetachFromDisposeScope() })];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var named in inputs.Concat(targets)) named.Tensor.Dispose();
    }
}
