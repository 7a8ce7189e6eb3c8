using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>The parameters and buffers of a module by identity, with the modules that own them.</summary>
internal sealed class ModuleTensors
{
    private readonly Dictionary<nint, TensorRef> refs = [];
    private readonly Dictionary<nint, (string Name, nn.Module Module)> owners = [];

    public ModuleTensors(nn.Module root)
    {
        foreach (var (name, module) in root.named_modules().Prepend(("", root)))
            foreach (var parameter in module.parameters(false))
                // each part of a TorchScript module lists those of its own parts, and comes before them
                if (root is jit.ScriptModule) owners[parameter.Identity()] = (name, module);
                else owners.TryAdd(parameter.Identity(), (name, module));
        foreach (var (name, parameter) in root.named_parameters())
            if (refs.TryAdd(parameter.Identity(), new(RefKind.Parameter, Parameters.Count)))
                Parameters.Add((name, parameter));
        foreach (var (name, buffer) in root.named_buffers())
            if (refs.TryAdd(buffer.Identity(), new(RefKind.Buffer, Buffers.Count))) Buffers.Add((name, buffer));
    }

    public List<(string Name, Parameter Tensor)> Parameters { get; } = [];
    public List<(string Name, Tensor Tensor)> Buffers { get; } = [];
    /// <summary>
    /// Tensors of the module's that are neither, and numbers that a trace found to be the same each time.
    /// </summary>
    public List<Tensor> Constants { get; } = [];

    public bool TryFind(nint tensor, out TensorRef found) => refs.TryGetValue(tensor, out found);

    /// <summary>Takes a tensor for a constant.</summary>
    public TensorRef AddConstant(Tensor tensor)
    {
        var found = new TensorRef(RefKind.Constant, Constants.Count);
        Constants.Add(tensor);
        return found;
    }

    /// <summary>The tensor behind a reference that is neither an input nor a result.</summary>
    public Tensor Of(TensorRef reference) => reference.Kind switch
    {
        RefKind.Parameter => Parameters[reference.Index].Tensor,
        RefKind.Buffer => Buffers[reference.Index].Tensor,
        _ => Constants[reference.Index],
    };

    /// <summary>Its name.</summary>
    public string NameOf(TensorRef reference) => reference.Kind switch
    {
        RefKind.Parameter => Parameters[reference.Index].Name,
        RefKind.Buffer => Buffers[reference.Index].Name,
        _ => $"constant{reference.Index}",
    };

    /// <summary>The module that owns a parameter, with its dotted name.</summary>
    public (string Name, nn.Module Module)? OwnerOf(TensorRef reference)
        => reference.Kind == RefKind.Parameter
        && owners.TryGetValue(Parameters[reference.Index].Tensor.Identity(), out var owner) ? owner : null;
}
