using System.Collections;
using System.Reflection;
using Interactive.Graphs.Ops;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// The hooks and layers that a module had when a graph was made of it. What they did is in the graph, and the module itself is not called
/// any more: one that is registered later would be passed over without a word.
/// </summary>
internal sealed class ModuleHooks
{
    private static readonly FieldInfo[] fields = [.. new[] { "pre_hooks", "post_hooks", "module_pre_hooks", "module_post_hooks" }
        .Select(name => typeof(nn.Module<,>).BaseType!.GetGenericTypeDefinition()
            .GetField(name, BindingFlags.Instance | BindingFlags.NonPublic))
        .OfType<FieldInfo>()];

    private static readonly FieldInfo? children = typeof(nn.Module).GetField("_internal_submodules", BindingFlags.Instance | BindingFlags.NonPublic),
        chain = typeof(TorchSharp.Modules.Sequential).GetField("_modules", BindingFlags.Instance | BindingFlags.NonPublic);

    private readonly (string Name, ICollection Hooks, int Count)[] all;

    private readonly (string Name, Func<int> Layers, int Count)[] layers;

    private readonly nn.Module[] withOwnModes;

    private ModuleHooks(List<(string Name, nn.Module Module)> parts, ModuleFields fields, nn.Module[] withOwnModes)
    {
        (Fields, this.withOwnModes) = (fields, withOwnModes);
        all = [.. parts.SelectMany(m => Hooks(m.Module).Select(hooks => (m.Name, hooks, hooks.Count)))];
        layers = [.. parts.Select(m => (m.Name, Layers: Layers(m.Module))).Select(m => (m.Name, m.Layers, m.Layers()))];
    }

    /// <summary>The fields of the same modules.</summary>
    public ModuleFields Fields { get; }

    /// <summary>Whether TorchSharp keeps hooks where they are looked for.</summary>
    public static bool AreSeen => fields.Length == 4 && children is not null && chain is not null;

    /// <summary>Those of a module and its parts, but not of opaque nodes, which are called as they are.</summary>
    public static ModuleHooks Of(nn.Module module, Graph graph)
    {
        var called = graph.Nodes.Where(n => n.Op is Opaque).SelectMany(n => n.Op.Module!.modules().Append(n.Op.Module))
            .ToHashSet();
        var parts = module.named_modules().Prepend(("", module)).DistinctBy(m => m.Item2).Where(m => !called.Contains(m.Item2)).ToList();
        var followed = graph.Nodes.Where(n => n.Op.FollowsModule).Select(n => n.Op.Module).ToHashSet();
        return new(parts, ModuleFields.Of(parts.Where(m => !followed.Contains(m.Item2))),
            [.. module.modules().Prepend(module).Distinct().Where(HasOwnModes)]);
    }

    /// <summary>
    /// Lets modules that override <c>train</c> set the modes of their parts, as a call of <c>module.train()</c> would: to keep a batch
    /// norm in evaluation mode for good is done so.
    /// </summary>
    /// <param name="all">Also those in evaluation mode.</param>
    public void TakeOwnModes(bool all)
    {
        foreach (var module in withOwnModes)
            if (all || module.training) module.train();
    }

    private static bool HasOwnModes(nn.Module module)
        => ForwardCode.IsOfUser(module.GetType().GetMethod(nameof(nn.Module.train), [typeof(bool)])!.DeclaringType!);

    /// <summary>The first part whose hooks or layers are others than then, in a sentence; or null.</summary>
    /// <param name="graph">The graph's name.</param>
    public string? Changed(string graph)
    {
        foreach (var (name, hooks, count) in all)
            if (hooks.Count != count) return Text(name, "hook");
        foreach (var (name, its, count) in layers)
            if (its() != count) return Text(name, "layer");
        return null;

        string Text(string part, string what) => $"{(part.Length > 0 ? part : "the module")} of {graph} got or lost a {what} after the graph was made, which would not run: make the graph again";
    }

    // Counted without a list of them in each step; TorchSharp's chain keeps its layers by itself.
    private static Func<int> Layers(nn.Module module) => (module is TorchSharp.Modules.Sequential ? chain : children)?.GetValue(module) switch
    {
        ICollection list => () => list.Count,
        ICollection<KeyValuePair<string, nn.Module>> map => () => map.Count,
        _ => () => 0,
    };

    private static IEnumerable<ICollection> Hooks(nn.Module module)
    {
        for (var type = module.GetType(); type is not null; type = type.BaseType)
            foreach (var field in fields)
                if (type.IsGenericType && type.GetGenericTypeDefinition() == field.DeclaringType
                    && type.GetField(field.Name, BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(module)
                        is ICollection hooks)
                    yield return hooks;
    }
}
