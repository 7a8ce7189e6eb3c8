using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// What the forwards of the user's modules keep from one run to the next in fields of their own: a mask made in the first run, a hidden
/// state, a counter. Tensors among them outlive the scope that a run is in.
/// </summary>
internal static class KeptTensors
{
    /// <summary>True when a module or one of its parts keeps some.</summary>
    public static bool Has(nn.Module module) => Parts(module).Any();

    /// <summary>Lets those that a run has made outlive the scope of the run.</summary>
    public static void Release(nn.Module module)
    {
        foreach (var part in Parts(module))
            foreach (var tensor in Fields(part).SelectMany(f => Tensors(f.GetValue(part))))
                if (!tensor.IsInvalid) tensor.DetachFromDisposeScope();
    }

    /// <summary>What the fields of a module's parts hold now, by part.</summary>
    public static List<KeptField> Of(nn.Module module)
        => [.. module.named_modules().Prepend(("", module)).DistinctBy(m => m.Item2).SelectMany(m => Fields(m.Item2).Select(f => new KeptField(m.Item1, m.Item2, f)))];

    private static IEnumerable<nn.Module> Parts(nn.Module module) => module.modules().Prepend(module).Where(m => Fields(m).Any());

    private static IEnumerable<FieldInfo> Fields(nn.Module part) => ForwardCode.Of(part.GetType()).Keeps.Where(f => f.DeclaringType!.IsInstanceOfType(part));

    /// <summary>The tensors in what a field holds.</summary>
    public static IEnumerable<Tensor> Tensors(object? held) => held switch
    {
        Tensor tensor => [tensor],
        ITuple tuple => Enumerable.Range(0, tuple.Length).SelectMany(i => Tensors(tuple[i])),
        IDictionary map => map.Values.Cast<object?>().SelectMany(Tensors),
        ICollection list => list.Cast<object?>().SelectMany(Tensors),
        _ => [],
    };
}
