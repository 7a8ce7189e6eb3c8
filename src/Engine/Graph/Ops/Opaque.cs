using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>A module the graph does not know: it runs as it is, and everything it saves is its own.</summary>
/// <param name="module">The user's module.</param>
/// <param name="output">Shape and type of its result, seen in a trial run.</param>
/// <param name="overwrites">It writes over its input, as an activation with <c>inplace: true</c> does: it is given a copy.</param>
internal sealed class Opaque(nn.Module<Tensor, Tensor> module, (Shape Shape, ScalarType Type) output, bool overwrites = false) : Op
{
    /// <summary>A module as an op: its result for one sample is seen by running it in evaluation mode, which changes nothing.</summary>
    /// <exception cref="GraphException">The module refuses the input, or gives something else than a sample for a sample.</exception>
    public static Opaque Of(nn.Module<Tensor, Tensor> module, Value input)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = RandomState.Of(Devices.Of(module));
        using var modes = new ModuleModes([module]);
        try
        {
            module.eval();
            var x = zeros(input.Shape.WithBatch(2), input.Type, Devices.Of(module));
            var version = Version(x);
            var y = module.call(x);
            if (y.dim() == 0 || y.shape[0] != 2) throw new GraphException($"the module makes ({string.Join(", ", y.shape)}) of 2 samples of {input.Shape}: its result must have the samples first");
            return new Opaque(module, (new Shape(y.shape.AsSpan(1)), y.dtype), Version(x) != version || SaysInPlace(module));
        }
        catch (System.Runtime.InteropServices.ExternalException e)
        {
            throw new GraphException($"the module refuses {input.Shape}: {e.Message.Split('\n')[0]}");
        }
        finally { generator.PutBack(); }
    }

    // How often the tensor's bytes were written.
    private static nint Version(Tensor tensor)
    {
        nint version = 0;
        if (Aten.IsAvailable) Aten.Call("_version", "", new Span<nint>(ref version), tensor);
        return version;
    }

    // Some write only in training mode.
    private static bool SaysInPlace(nn.Module module) => module.GetType().GetProperty("inplace")?.GetValue(module) is true;

    /// <inheritdoc/>
    public override string Kind => "opaque";
    /// <inheritdoc/>
    public override nn.Module Module => module;
    /// <inheritdoc/>
    public override bool IsCheap => false;
    /// <inheritdoc/>
    // It may draw random numbers: replaying the generator costs little and is always right.
    public override bool IsRandom => true;
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs) => output;

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        // What the module leaves lying about goes at once; its graph holds what backward reads.
        using var scope = NewDisposeScope();
        // Buffers (running statistics) must not move twice, so a second run works on their values and puts them back.
        var kept = mode.Recompute ? module.buffers().Select(b => (Buffer: b, Value: b.clone())).ToArray() : [];
        var x = overwrites ? inputs[0].clone() : inputs[0];
        var y = module.call(x);
        foreach (var (buffer, value) in kept)
        {
            PutBack(buffer, value);
            value.Dispose();
        }
        return ReferenceEquals(y, inputs[0]) ? y.alias().MoveToOuterDisposeScope() : y.MoveToOuterDisposeScope();
    }

    // On the CPU as plain memory: autograd has saved some buffers (a batch norm's statistics) and would refuse a write it sees.
    private static void PutBack(Tensor buffer, Tensor value)
    {
        if (buffer.device_type == DeviceType.CPU && buffer.is_contiguous())
        {
            value.bytes.CopyTo(buffer.bytes);
            return;
        }
        using var noGrad = no_grad();
        buffer.copy_(value);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: overwrites ? 0u : 1, Output: true, Swappable: false);
}
