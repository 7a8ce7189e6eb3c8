using System.Collections;
using System.Reflection;
using Interactive.Graphs.Ops;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// The hooks that a module had when a graph was made of it. What they did is in the graph, and the module itself is not called any
/// more: one that is registered later would be passed over without a word.
/// </summary>
internal sealed class ModuleHooks
{
    private static readonly FieldInfo[] fields = [.. new[] { "pre_hooks", "post_hooks", "module_pre_hooks", "module_post_hooks" }
        .Select(name => typeof(nn.Module<,>).BaseType!.GetGenericTypeDefinition()
            .GetField(name, BindingFlags.Instance | BindingFlags.NonPublic))
        .OfType<FieldInfo>()];

    private readonly (string Name, ICollection Hooks, int Count)[] all;

    private readonly nn.Module[] withOwnModes;

    private ModuleHooks((string, ICollection, int)[] all, ModuleFields fields, nn.Module[] withOwnModes)
        => (this.all, Fields, this.withOwnModes) = (all, fields, withOwnModes);

    /// <summary>The fields of the same modules.</summary>
    public ModuleFields Fields { get; }

    /// <summary>Whether TorchSharp keeps hooks where they are looked for.</summary>
    public static bool AreSeen => fields.Length == 4;

    /// <summary>Those of a module and its parts, but not of opaque nodes, which are called as they are.</summary>
    public static ModuleHooks Of(nn.Module module, Graph graph)
    {
        var called = graph.Nodes.Where(n => n.Op is Opaque).SelectMany(n => n.Op.Module!.modules().Append(n.Op.Module))
            .ToHashSet();
        var parts = module.named_modules().Prepend(("", module)).DistinctBy(m => m.Item2).Where(m => !called.Contains(m.Item2)).ToList();
        var followed = graph.Nodes.Where(n => n.Op.FollowsModule).Select(n => n.Op.Module).ToHashSet();
        return new([.. parts.SelectMany(m => Hooks(m.Item2).Select(hooks => (m.Item1, hooks, hooks.Count)))], ModuleFields.Of(parts.Where(m => !followed.Contains(m.Item2))),
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

    /// <summary>The first part whose hooks are others than then, "" for the whole; or null.</summary>
    public string? Changed()
    {
        foreach (var (name, hooks, count) in all)
            if (hooks.Count != count) return name;
        return null;
    }

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
