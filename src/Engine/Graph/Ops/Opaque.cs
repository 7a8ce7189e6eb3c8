using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>A module the graph does not know: it runs as it is, and everything it saves is its own.</summary>
/// <param name="module">The user's module.</param>
/// <param name="output">Shape and type of its result, seen in a trial run.</param>
public sealed class Opaque(nn.Module<Tensor, Tensor> module, (Shape Shape, ScalarType Type) output) : Op
{
    /// <summary>Shape and type of a module's result for one sample, seen by running it in evaluation mode, which changes nothing.</summary>
    /// <exception cref="GraphException">The module refuses the input.</exception>
    public static (Shape Shape, ScalarType Type) Try(nn.Module<Tensor, Tensor> module, Value input)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = RandomState.Of(Devices.Of(module));
        var wasTraining = module.training;
        try
        {
            module.eval();
            var y = module.forward(zeros(input.Shape.WithBatch(1), input.Type, Devices.Of(module)));
            return (new Shape(y.shape[1..]), y.dtype);
        }
        catch (System.Runtime.InteropServices.ExternalException e)
        {
            throw new GraphException($"the module refuses {input.Shape}: {e.Message.Split('\n')[0]}");
        }
        finally
        {
            module.train(wasTraining);
            generator.PutBack();
        }
    }

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
        var y = module.call(inputs[0]);
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
    public override Saved Saves(Node node) => new(Inputs: 1, Output: true, Swappable: false);
}
