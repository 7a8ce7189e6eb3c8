using Interactive.Graphs;
using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Which parameters of a graph are trained, and what follows from it.</summary>
internal sealed class Trainable(Graph graph)
{
    private readonly (string Name, Parameter Parameter)[] all =
        [.. graph.named_parameters().Select(p => (p.name, p.parameter)).DistinctBy(p => p.parameter.Identity())];
    private readonly HashSet<nn.Module> still = []; // modules whose statistics do not move
    private bool[] wanted = [];

    /// <summary>Refuses a net that is no longer there.</summary>
    /// <exception cref="UsageException">A parameter was disposed.</exception>
    public static Graph Alive(Graph graph)
    {
        foreach (var node in graph.Nodes)
            try { node.Op.Infer(node.Inputs); } // a module that is disposed names no parameters, but its layers still ask for their shapes
            catch (InvalidOperationException e) when (e.Message.Contains("empty handle", StringComparison.Ordinal))
            {
                throw new UsageException($"{node.Name} of {graph.Name} was disposed with its module or graph: make the net again");
            }
        return graph;
    }

    /// <summary>All, by name.</summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> All => all;

    /// <summary>Those that want a gradient, by name.</summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> Parameters
        => [.. all.Where(Wants)];

    /// <summary>The names of those that do not.</summary>
    public IEnumerable<string> Frozen => all.Where(p => !Wants(p)).Select(p => p.Name);

    /// <summary>Holds these still, by name, and no others.</summary>
    public void Freeze(IReadOnlySet<string> names)
    {
        foreach (var (name, parameter) in all) parameter.requires_grad = !names.Contains(name);
    }

    /// <summary>The bytes of those that want one.</summary>
    public long Bytes => Parameters.Sum(p => p.Parameter.numel() * p.Parameter.element_size());

    /// <summary>Whether others want one than when <see cref="Note"/> was called.</summary>
    public bool HasChanged => wanted.Where((want, i) => Wants(all[i]) != want).Any();

    /// <summary>Whether any did when <see cref="Note"/> was called.</summary>
    public bool IsAny { get; private set; }

    /// <summary>
    /// Takes note of those that want a gradient. A layer with running statistics whose own parameters are all frozen
    /// keeps its statistics, too.
    /// </summary>
    public void Note()
    {
        wanted = Array.ConvertAll(all, Wants);
        IsAny = wanted.Contains(true);
        foreach (var module in graph.modules())
        {
            var own = module.named_parameters(recurse: false).ToList();
            if (own.Count == 0 || !module.named_buffers(recurse: false).Any()) continue;
            var frozen = own.TrueForAll(p => !p.parameter.requires_grad);
            if (frozen && module.training && still.Add(module)) module.eval();
            else if (!frozen && still.Remove(module)) module.train();
        }
    }

    private bool Wants((string Name, Parameter Parameter) one) => one.Parameter.WantsGradient(one.Name, graph.Name);

    /// <summary>
    /// The first parameter or buffer that holds a number that is none, with it; null where all are finite.
    /// </summary>
    public string? NotFinite()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (name, value) in graph.state_dict())
        {
            if (!value.is_floating_point()) continue;
            if (NotFinite(value.flatten()) is { } bad) return $"{name} holds {bad}";
        }
        return null;
    }

    // Piece by piece: what is asked of a tensor is made of tensors of its size.
    private static double? NotFinite(Tensor values)
    {
        const long piece = 1 << 18;
        for (long at = 0; at < values.numel(); at += piece)
        {
            using var scope = NewDisposeScope();
            var part = values.narrow(0, at, Math.Min(piece, values.numel() - at));
            var bad = part.isfinite().logical_not();
            if (bad.any().item<bool>()) return part[bad][0].to_type(ScalarType.Float64).item<double>();
        }
        return null;
    }
}
