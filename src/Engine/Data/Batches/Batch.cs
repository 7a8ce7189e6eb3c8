using Interactive.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>A tensor of a batch with the name by which data sets, graphs and metrics speak of it.</summary>
/// <param name="Name">Such as <c>input</c>, <c>tokens</c> or <c>mask</c>.</param>
/// <param name="Tensor">(batch, …), of any type.</param>
public readonly record struct NamedTensor(string Name, Tensor Tensor);

/// <summary>
/// Samples as named tensors: what the graph takes and what the objective takes. Whoever takes it disposes it.
/// </summary>
public sealed class Batch : IDisposable
{
    /// <summary>Takes over tensors, which leave their dispose scope.</summary>
    /// <param name="inputs">For the graph's inputs, in their order.</param>
    /// <param name="targets">For the objective and the metrics; none where the inputs are all there is.</param>
    public Batch(IReadOnlyList<NamedTensor> inputs, IReadOnlyList<NamedTensor> targets)
    {
        (NamedInputs, NamedTargets) = ([.. inputs.Select(Own)], [.. targets.Select(Own)]);
        (Inputs, Targets) = ([.. NamedInputs.Select(n => n.Tensor)], [.. NamedTargets.Select(n => n.Tensor)]);
    }

    // A tensor over an array of .NET's lies where the collector has put it, and kernels sum in another order there:
    // copied to a cache line's begin, the same samples give the same bits in every run.
    private static unsafe NamedTensor Own(NamedTensor named)
    {
        const int Line = 64;
        var tensor = named.Tensor ?? throw new ArgumentException($"the tensor '{named.Name}' of a batch is null");
        tensor.DetachFromDisposeScope();
        if (tensor.device_type != DeviceType.CPU || tensor.numel() == 0
            || (nuint)ElementKernels.Data(tensor) % Line == 0) return named;
        using (tensor) return named with { Tensor = tensor.clone().DetachFromDisposeScope() };
    }

    /// <summary>One input and one target.</summary>
    public Batch(Tensor input, Tensor target) : this([new("input", input)], [new("target", target)]) { }

    /// <summary>The graph's inputs with their names.</summary>
    public IReadOnlyList<NamedTensor> NamedInputs { get; }
    /// <summary>The objective's targets with their names.</summary>
    public IReadOnlyList<NamedTensor> NamedTargets { get; }
    /// <summary>The graph's inputs.</summary>
    public IReadOnlyList<Tensor> Inputs { get; }
    /// <summary>The objective's targets.</summary>
    public IReadOnlyList<Tensor> Targets { get; }
    /// <summary>The first input.</summary>
    public Tensor Input => Inputs[0];
    /// <summary>The first target.</summary>
    public Tensor Target => Targets[0];
    /// <summary>Number of samples.</summary>
    public int Count => (int)Inputs[0].shape[0];

    /// <summary>For sources of one's own, which may give one batch twice.</summary>
    /// <exception cref="UsageException">A tensor was disposed.</exception>
    internal void RequireAlive()
    {
        foreach (var (name, tensor) in NamedInputs.Concat(NamedTargets))
            if (tensor.IsInvalid) throw new UsageException($"the batch's {name} was disposed before: whoever takes a batch disposes it, so a source gives new tensors each time");
    }

    /// <summary>The same samples on a device; this batch goes with it.</summary>
    public Batch MoveTo(Device device)
    {
        if (device.type == Input.device.type
            && (device.type == TorchSharp.DeviceType.CPU || device.index == Input.device.index)) return this;
        using (this) return new Batch(Moved(NamedInputs), Moved(NamedTargets));
        NamedTensor[] Moved(IReadOnlyList<NamedTensor> tensors)
            => [.. tensors.Select(n => n with { Tensor = n.Tensor.to(device) })];
    }

    /// <summary>
    /// The same samples on a device, in tensors of their own; this batch stays, and shares the bytes where it is there
    /// already.
    /// </summary>
    public Batch CopyTo(Device device)
    {
        return new Batch(Copies(NamedInputs), Copies(NamedTargets));
        NamedTensor[] Copies(IReadOnlyList<NamedTensor> tensors)
            => [.. tensors.Select(n
            => n with { Tensor = n.Tensor.device_type == device.type ? n.Tensor.alias() : n.Tensor.to(device) })];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in Inputs.Concat(Targets)) tensor.Dispose();
    }
}
