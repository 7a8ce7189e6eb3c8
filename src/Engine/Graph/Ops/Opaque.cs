using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>A module the graph does not know: it runs as it is, and everything it saves is its own.</summary>
/// <param name="module">The user's module, of one to four tensors to one.</param>
/// <param name="output">Shape and type of its result, seen in a trial run.</param>
/// <param name="overwrites">It writes over its inputs, as an activation with <c>inplace: true</c> does: it is given copies.</param>
/// <param name="moves">Its code writes into its buffers while it trains: backward, which may have saved them, refuses a second run.</param>
internal sealed class Opaque(nn.Module module, (Shape Shape, ScalarType Type) output, bool overwrites = false, bool moves = false) : Op
{
    /// <summary>A module as an op: its result for one sample is seen by running it in evaluation mode, which changes nothing.</summary>
    /// <param name="module">As above.</param>
    /// <param name="inputs">What it is given, in the order of its forward.</param>
    /// <exception cref="GraphException">The module refuses the input, or gives something else than a sample for a sample.</exception>
    public static Opaque Of(nn.Module module, params IReadOnlyList<Value> inputs)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = RandomState.Keep(Devices.Of(module));
        using var modes = new ModuleModes([module]);
        var kept = KeptTensors.Of(module);
        try
        {
            module.eval();
            Tensor[] given = [.. inputs.Select(input => zeros(input.Shape.WithBatch(2), input.Type, Devices.Of(module)))];
            var versions = Array.ConvertAll(given, Version);
            if (ModuleCall.Run(module, given) is not [var y]) throw new GraphException("the module gives several tensors: one node has one");
            if (y.dim() == 0 || y.shape[0] != 2) throw new GraphException($"the module makes ({string.Join(", ", y.shape)}) of 2 samples of {string.Join(" and ", inputs.Select(i => i.Shape))}: its result must have the samples first");
            var writes = !versions.SequenceEqual(given.Select(Version)) || SaysInPlace(module);
            return new Opaque(module, (new Shape(y.shape.AsSpan(1)), y.dtype), writes, Moves(module, given));
        }
        catch (System.Runtime.InteropServices.ExternalException e)
        {
            throw new GraphException($"the module refuses {string.Join(" and ", inputs.Select(i => i.Shape))}: {e.Message.Split('\n')[0]}");
        }
        finally { kept.ForEach(f => f.PutBack()); }
    }

    /// <summary>What it is given besides what the node reads, by the place in its forward; null for what the node reads, or for what stays absent.</summary>
    internal IReadOnlyList<Tensor?>? Held { get; init; }
    /// <summary>The places in its forward of what the node reads; default all from the first on.</summary>
    internal IReadOnlyList<int>? Places { get; init; }
    /// <summary>All sizes of its result, where the samples need not be first; default the samples and then those of the output.</summary>
    internal IReadOnlyList<Extent>? Sizes { get; init; }
    /// <summary>It is the whole net, whose mode no layer of the graph has: it takes the graph's.</summary>
    internal bool IsWhole { get; init; }

    /// <summary>The same for what is the whole net.</summary>
    internal Opaque AsWhole() => new(module, output, overwrites, moves) { IsWhole = true };

    // Seen in a run in training mode, which is taken back; what its kernels do to running statistics is not counted as a write. Nor are whole
    // numbers, which backward never saves (a batch norm counts its batches).
    private static bool Moves(nn.Module module, Tensor[] given)
    {
        var all = module.buffers().ToArray();
        // What keeps a state beside buffers runs once anyway, and a run would move it.
        if (!all.Any(b => b.is_floating_point()) || ForwardCode.RunsOnce(module) || KeptTensors.Has(module)) return false;
        var kept = all.Select(b => (Buffer: b, Value: b.clone(), Version: Version(b))).ToArray();
        try
        {
            module.train();
            ModuleCall.Run(module, given);
            return kept.Any(k => k.Buffer.is_floating_point() && Version(k.Buffer) != k.Version);
        }
        catch (Exception e) when (e is not OutOfMemoryException) { return false; } // zeros are not for every training; a trace or a step tells
        finally
        {
            foreach (var (buffer, value, _) in kept) PutBack(buffer, value);
        }
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
    // What its code asks besides tensors would be answered differently in a second run.
    internal override bool RunsOnce => moves || ForwardCode.RunsOnce(module) || KeptTensors.Has(module);
    internal override bool AsksForRecording => true; // a user's module makes factors of its own
    /// <inheritdoc/>
    public override bool IsCheap => false;
    /// <inheritdoc/>
    // It may draw random numbers: replaying the generator costs little and is always right.
    public override bool IsRandom => true;
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs) => output;
    /// <inheritdoc/>
    public override IReadOnlyList<Extent> Extents(IReadOnlyList<Value> inputs, Shape output) => Sizes ?? base.Extents(inputs, output);
    /// <inheritdoc/>
    public override bool IsTraining(bool net) => IsWhole ? net : module.training;

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        // What the module leaves lying about goes at once; its graph holds what backward reads.
        using var scope = NewDisposeScope();
        // Buffers (running statistics) must not move twice, so a second run works on their values and puts them back.
        var kept = mode.Recompute ? module.buffers().Select(b => (Buffer: b, Value: b.clone())).ToArray() : [];
        if (IsWhole) Take(mode.Training);
        var y = ModuleCall.Run(module, Given(inputs))[0];
        foreach (var (buffer, value) in kept)
        {
            PutBack(buffer, value);
            value.Dispose();
        }
        foreach (var input in inputs)
            if (ReferenceEquals(y, input)) return y.alias().MoveToOuterDisposeScope();
        return y.MoveToOuterDisposeScope();
    }

    private Tensor[] Given(ReadOnlySpan<Tensor> inputs)
    {
        var given = new Tensor?[Held?.Count ?? inputs.Length];
        for (var i = 0; i < given.Length; i++) given[i] = Held?[i];
        for (var i = 0; i < inputs.Length; i++) given[Places?[i] ?? i] = overwrites ? inputs[i].clone() : inputs[i];
        return given!; // an absent one is what its forward takes for absent
    }

    // Not the modes of its parts, which the graph has set.
    private void Take(bool training)
    {
        if (module.training == training) return;
        using var parts = new ModuleModes(module is jit.ScriptModule ? [] : module.children());
        module.train(training);
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
    public override Saved Saves(Node node) => new(Inputs: overwrites ? 0u : (1u << node.Inputs.Count) - 1, Output: true, Swappable: false);
}
