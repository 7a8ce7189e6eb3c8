using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>One operator about to run: what it reads, and its settings.</summary>
/// <param name="node">As in the file.</param>
/// <param name="inputs">What it reads; null where an optional input is left out.</param>
/// <param name="opset">Version of ONNX's operators.</param>
/// <param name="module">The layer that was made for it, or null.</param>
internal sealed class OnnxCall(OnnxNode node, OnnxItem?[] inputs, long opset, nn.Module? module) : OnnxSettings(node)
{
    public long Opset => opset;
    public nn.Module? Module => module;
    public int Inputs => inputs.Length;
    public int Outputs => Node.Outputs.Count;

    /// <summary>What is known of a file that was written for one batch; null where the batch is free.</summary>
    public FixedBatch? Fixed { get; init; }
    /// <summary>The batch that is being run.</summary>
    public long Batch { get; init; }

    public bool Has(int index) => index < inputs.Length && inputs[index] is not null;
    public bool Wants(int output) => output < Node.Outputs.Count && Node.Outputs[output].Length > 0;
    public bool IsKnown(int index) => Has(index) && inputs[index]!.IsKnown;

    /// <summary>The sizes that it gives for the batch that is being run, of those that the file has among its constants.</summary>
    public long[] Widened(Tensor x, long[] sizes)
        => Fixed is null || inputs.Length > 1 && inputs[1] is { FollowsSizes: true } ? sizes : Fixed.Sizes(Node, x, sizes, Batch);

    /// <summary>What it reads; of a constant of the file's batch as much as stretches to what it meets.</summary>
    public Tensor Beside(int index, Tensor met) => Fixed is null || !IsKnown(index) ? this[index] : Fixed.Stretched(this[index], met, Batch);

    /// <summary>What it reads.</summary>
    public Tensor this[int index]
        => Has(index) ? inputs[index]!.Tensor : throw new InvalidDataException($"it lacks input {index}");

    /// <summary>The same, or null where it is left out.</summary>
    public Tensor? Maybe(int index) => Has(index) ? inputs[index]!.Tensor : null;

    /// <summary>All that it reads.</summary>
    public Tensor[] All() => [.. Enumerable.Range(0, inputs.Length).Select(i => this[i])];

    /// <summary>Whole numbers that must be known without the data.</summary>
    public long[] Longs(int index)
    {
        using var paused = CallRecorder.Pause();
        using var scope = NewDisposeScope();
        return Known(index).to_type(ScalarType.Int64).cpu().contiguous().view(-1).data<long>().ToArray();
    }

    /// <summary>The same of a setting, which became an input in a later opset; null where neither is there.</summary>
    public long[]? Longs(string name, int index)
        => Node.Attributes.TryGetValue(name, out var given) ? [.. given.Longs] : Has(index) ? Longs(index) : null;

    /// <summary>One number that must be known without the data.</summary>
    public double Number(int index)
    {
        using var paused = CallRecorder.Pause();
        using var scope = NewDisposeScope();
        return Known(index).to_type(ScalarType.Float64).cpu().contiguous().view(-1).data<double>()
            .ToArray() is [var one, ..] ? one : throw new InvalidDataException($"its input {index} is empty");
    }

    private Tensor Known(int index) => inputs.ElementAtOrDefault(index) is { IsKnown: true } item ? item.Tensor
        : throw new InvalidDataException(Has(index)
        ? $"its input {Node.Inputs[index]} depends on the data, and must be known to build a net"
        : $"it lacks input {index}");

    public bool HasSetting(string name) => Node.Attributes.ContainsKey(name);
    public OnnxAttribute? Setting(string name) => Node.Attributes.GetValueOrDefault(name);

    /// <summary>A dimension counted from 0, of so many.</summary>
    public static long Axis(long given, long dimensions)
        => given >= -dimensions && given < Math.Max(1, dimensions) ? given < 0 ? given + dimensions : given
        : throw new InvalidDataException($"it has no dimension {given} among {dimensions}");
}
