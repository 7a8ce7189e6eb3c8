using Interactive.Graphs.Ops;
using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// The tensors of a graph by the names under which a file keeps them: those of its state dictionary, and
/// <c>constants.0</c>, <c>constants.1</c>, … for numbers that a trace found its operators to read besides.
/// </summary>
internal sealed class GraphTensors
{
    /// <summary>Where constants are registered.</summary>
    public const string Constants = "constants";

    private readonly Dictionary<nint, string> names = [];
    private readonly HashSet<string> inModules = [];
    private readonly Dictionary<string, nn.Module?> homes = []; // by path: the layer that brings its tensors along
    private readonly HashSet<string> apart = []; // names that layers before it read by themselves

    public GraphTensors(Graph graph)
    {
        foreach (var (name, tensor) in graph.state_dict().OrderBy(t => t.Key,
            StringComparer.Ordinal)) Add(name, tensor);
        foreach (var held in graph.Nodes.Select(n => n.Op).OfType<AtenOp>().SelectMany(op => op.Effects.Append(op.Call))
            .SelectMany(call => call.Arguments).SelectMany(a => a.Held))
            if (!IsAbsent(held) && !names.ContainsKey(held.Identity()))
                Add($"{Constants}.{All.Keys.Count(IsConstant)}", held);
        Trained = graph.parameters().Where(p => p.requires_grad).Select(p => p.Identity()).ToHashSet();
        Parameters = graph.parameters().Select(p => p.Identity()).ToHashSet();
        foreach (var node in graph.Nodes)
            if (node.Op.Module is { } module && PlaceOf(node.Op).Path is { } path)
                foreach (var (local, _) in TensorsOf(module)) inModules.Add(Join(path, local));
    }

    /// <summary>All, by name.</summary>
    public Dictionary<string, Tensor> All { get; } = [];

    private HashSet<nint> Trained { get; }
    private HashSet<nint> Parameters { get; }

    private void Add(string name, Tensor tensor)
    {
        All[name] = tensor;
        names.TryAdd(tensor.Identity(), name);
    }

    /// <summary>True for the name of a constant.</summary>
    public static bool IsConstant(string name) => name.StartsWith(Constants + ".", StringComparison.Ordinal);

    /// <summary>The first name of a tensor.</summary>
    public string NameOf(Tensor tensor) => names[tensor.Identity()];

    /// <summary>Those that no op's module brings along, in the order of their names.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Loose
        => All.Where(t => !inModules.Contains(t.Key)).OrderBy(t => t.Key, StringComparer.Ordinal)
        .Select(t => (t.Key, t.Value));

    /// <summary>Parameters of layers that want no gradient, by their first names, in order.</summary>
    public IEnumerable<string> FrozenInLayers
        => All.Where(t => inModules.Contains(t.Key) && NameOf(t.Value) == t.Key && IsParameter(t.Value)
        && !IsTrained(t.Value)).Select(t => t.Key).Order(StringComparer.Ordinal);

    /// <summary>True for what libtorch hands over where no tensor is: an index of all, as in <c>x[.., i]</c>.</summary>
    public static bool IsAbsent(Tensor tensor) => !Enum.IsDefined(tensor.dtype);

    /// <summary>True for a parameter.</summary>
    public bool IsParameter(Tensor tensor) => Parameters.Contains(tensor.Identity());
    /// <summary>True for a parameter that wants a gradient.</summary>
    public bool IsTrained(Tensor tensor) => Trained.Contains(tensor.Identity());

    /// <summary>Where the weights of an op lie.</summary>
    /// <exception cref="UsageException">The net does not name one of them.</exception>
    public TensorPlace PlaceOf(Op op)
    {
        if (op is AtenOp) return TensorPlace.None;
        var module = op.Module;
        (string Local,
            string Name)[] found = module is null
            ? [.. op.Parameters.Take(1).Select(p => ("weight", Named(p, "weight")))]
            : [.. TensorsOf(module).Select(t => (t.Name, Named(t.Tensor, t.Name)))];
        if (found.Length == 0) return TensorPlace.None;
        var paths =
            found.Select(t => t.Name == t.Local ? ""
            : t.Name.EndsWith("." + t.Local, StringComparison.Ordinal) ? t.Name[..^(t.Local.Length + 1)] : null)
            .Distinct().ToArray();
        if (paths is [{ } path] && (module is null || Home(path, module, found) == module)) return new(path, []);
        apart.UnionWith(found.Select(t => t.Name));
        return new(null, found);
    }

    // The first layer whose tensors lie there; another one around the same tensors is no part of the net.
    private nn.Module? Home(string path, nn.Module module, (string Local, string Name)[] found)
    {
        if (!homes.ContainsKey(path)) homes[path] = found.Any(t => apart.Contains(t.Name)) ? null : module;
        return homes[path];
    }

    private string Named(Tensor tensor, string local)
        => names.GetValueOrDefault(tensor.Identity())
        ?? throw new UsageException($"the net does not name the {local} of one of its layers");

    /// <summary>A module's parameters and the buffers that are kept.</summary>
    public static IEnumerable<(string Name, Tensor Tensor)> TensorsOf(nn.Module module)
        => module.state_dict().Select(t => (t.Key, t.Value));

    /// <summary>A name below a path.</summary>
    public static string Join(string path, string local) => path.Length == 0 ? local : $"{path}.{local}";
}
