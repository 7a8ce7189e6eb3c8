using System.Text.Json;
using Interactive.Graphs.Ops;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// Builds a graph of what <see cref="GraphText"/> wrote: layers anew, under the names that they had, and the tensors
/// that belong to none.
/// </summary>
internal sealed class GraphReader(JsonElement root, Device? device)
{
    private readonly Dictionary<string, Tensor> tensors = []; // by name, of those made so far
    private readonly Dictionary<string, nn.Module> modules = []; // by the name under which they are registered
    private readonly List<Value> values = [];

    /// <exception cref="InvalidDataException">It is no graph.</exception>
    public Graph Run()
    {
        var header = new OpAttributes(root);
        var builder = new GraphBuilder(header.Text("name"), new Shape(header.Wholes("input", 1)), Type(header), device);
        values.Add(builder.Input);
        var loose = header.Object("tensors").EnumerateObject().ToArray();
        foreach (var each in loose)
            if (!new OpAttributes(each.Value).Has("same"))
                tensors[each.Name] = Loose(each.Name, new OpAttributes(each.Value));
        foreach (var node in header.List("nodes")) Add(builder, node);
        var graph = builder.BuildOver([.. header.Wholes("outputs").Select(At)]);
        var parents = modules.Keys.SelectMany(Parents).ToHashSet();
        // before a container takes the name
        foreach (var (path, module) in modules.OrderByDescending(m => parents.Contains(m.Key)))
            if (path.Length > 0) ModuleTree.Register(graph, path, module);
            else ModuleTree.Adopt(graph, module);
        foreach (var each in loose)
            ModuleTree.Register(graph, each.Name,
            new OpAttributes(each.Value) is var made && made.Has("same") ? Find(made.Text("same"))
            : tensors[each.Name]);
        if (header.Has("frozen")) // older files hold nothing still
            foreach (var name in header.Texts("frozen"))
                (Find(name) as Parameter ?? throw new InvalidDataException($"{name} is frozen and no parameter"))
                    .requires_grad = false;
        return graph;
    }

    private static IEnumerable<string> Parents(string path)
    {
        for (var dot = path.LastIndexOf('.'); dot > 0; dot = path.LastIndexOf('.', dot - 1)) yield return path[..dot];
    }

    private Tensor Loose(string name, OpAttributes given)
    {
        if (given.Flag("trained") && !given.Flag("parameter"))
            throw new InvalidDataException($"{name} is trained and no parameter");
        var tensor = zeros(given.Wholes("shape"), Type(given), device).DetachFromDisposeScope();
        return given.Flag("parameter") ? new Parameter(tensor, given.Flag("trained")) : tensor;
    }

    private void Add(GraphBuilder builder, JsonElement node)
    {
        var given = new OpAttributes(node);
        var name = given.Text("name");
        try
        {
            var inputs = given.Wholes("inputs").Select(At).ToArray();
            if (given.Text("op") == AtenText.Kind)
                values.Add(builder.Add(AtenText.Read(node, inputs, Find), name, inputs));
            else values.Add(builder.Add(Create(given, inputs), name, inputs));
            // A module without weights is registered for the sake of its mode.
            if (!given.Has("tensors") && values[^1].Producer!.Op.Module is { } module && !modules.ContainsValue(module))
                modules.TryAdd(name, module);
        }
        catch (InvalidDataException e) { throw new InvalidDataException($"{name}: {e.Message}"); }
    }

    private Op Create(OpAttributes given, Value[] inputs)
    {
        var attributes = new OpAttributes(given.Object("attributes"));
        if (given.Text("op") == "input") return new Input(new Shape(attributes.Wholes("shape", 1)), Type(attributes));
        if (given.Has("tensors")) return Around(given, attributes, inputs);
        var path = given.Has("module") ? given.Text("module") : null;
        var shared = path is null ? null : modules.GetValueOrDefault(path);
        var op = OpList.Create(given.Text("op"), new(attributes, inputs, shared, device));
        if (path is null || shared is not null || op.Module is not { } module) return op;
        modules[path] = module;
        foreach (var (local, tensor) in GraphTensors.TensorsOf(module))
            if (!tensors.TryAdd(GraphTensors.Join(path, local), tensor))
                throw new InvalidDataException($"there are two of {GraphTensors.Join(path, local)}");
        return op;
    }

    /// <summary>A layer around tensors that lie elsewhere.</summary>
    private Op Around(OpAttributes given, OpAttributes attributes, Value[] inputs)
    {
        var op = OpList.Create(given.Text("op"), new(attributes, inputs, null, META));
        var layer = op.Module ?? throw new InvalidDataException("it has no tensors");
        var names = new OpAttributes(given.Object("tensors"));
        foreach (var (local,
            _) in GraphTensors.TensorsOf(layer).ToArray()) HeldTensors.Put(layer, local, Find(names.Text(local)));
        return op;
    }

    private Tensor Find(string name)
        => tensors.TryGetValue(name, out var tensor) ? tensor
        : throw new InvalidDataException($"there is no tensor {name} before it");

    private Value At(long id)
        => id < values.Count ? values[(int)id] : throw new InvalidDataException($"there is no value {id} before it");

    private static ScalarType Type(OpAttributes given)
        => Enum.TryParse<ScalarType>(given.Text("type"), out var type) && Enum.IsDefined(type) ? type
        : throw new InvalidDataException($"a type cannot be {given.Text("type")}");
}
