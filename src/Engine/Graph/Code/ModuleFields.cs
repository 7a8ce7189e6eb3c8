using System.Collections;
using System.Reflection;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// What the forwards of the user's modules read beside tensors that are registered when a graph was made: numbers, texts, lists, settings
/// and functions with what they hold, other layers; and the numbers of TorchSharp's layers, as the slope of a rectifier. What they did
/// with them is in the graph; one that is changed later would be passed over without a word.
/// </summary>
internal sealed class ModuleFields
{
    private readonly List<Watched> all = [];
    private readonly List<(nn.Module Layer, Func<nn.Module, int> Fingerprint, int Before, Watched[] Fields)> layers = [];
    private readonly HashSet<object> visited = new(ReferenceEqualityComparer.Instance);

    private ModuleFields(IEnumerable<(string Name, nn.Module Module)> modules)
    {
        foreach (var (name, module) in modules)
            if (ForwardCode.IsOfUser(module.GetType())) Watch(name, module, ForwardCode.Of(module.GetType()));
            else if (LayerFingerprint.Of(module.GetType()) is { Fields.Length: > 0 } layer) layers.Add((module, layer.Of, layer.Of(module), [.. layer.Fields.Select(f => new Watched(Text(name, f), module, f, false))]));
    }

    /// <summary>Those of modules whose forwards the graph stands for, with their names.</summary>
    public static ModuleFields Of(IEnumerable<(string Name, nn.Module Module)> modules) => new(modules);

    /// <summary>A number, a truth value, an enumeration or a text.</summary>
    public static bool IsPlain(Type type)
        => (Nullable.GetUnderlyingType(type) ?? type) is { } t && (t.IsPrimitive || t.IsEnum || t == typeof(string) || t == typeof(decimal));

    /// <summary>The first that is another one now, in a sentence; or null.</summary>
    public string? Changed()
    {
        foreach (var one in all)
            if (one.Change() is { } change) return change;
        foreach (var (layer, fingerprint, before, fields) in layers)
            if (fingerprint(layer) != before && fields.Select(f => f.Change()).FirstOrDefault(c => c is not null) is { } change) return change;
        return null;
    }

    private void Watch(string name, object? owner, ForwardCode.Seen code)
    {
        foreach (var field in code.Reads)
        {
            if (field.IsStatic ? !visited.Add(field) : !field.DeclaringType!.IsInstanceOfType(owner)) continue;
            var (text, value) = (Text(name, field), field.GetValue(field.IsStatic ? null : owner));
            if (value is ICollection list and not nn.Module)
            {
                if (code.Changes.Contains(list.GetType())) continue; // what it keeps from run to run
                all.Add(new(text, owner, field, true));
                if (list.Count <= Watched.Longest)
                    foreach (var part in list) Enter(text, part, code);
                continue;
            }
            if (!field.IsInitOnly && (!field.FieldType.IsValueType || Watched.IsValue(field.FieldType))) all.Add(new(text, owner, field, true));
            Enter(text, value, code);
        }
    }

    // Into what the module holds: the same code reads it, or the code of the function that it is.
    private void Enter(string name, object? value, ForwardCode.Seen code)
    {
        if (value is null or nn.Module or Tensor || value.GetType().IsValueType || !visited.Add(value)) return;
        if (value is Delegate function) Watch(name, function.Target, ForwardCode.Of(function.Method));
        else if (ForwardCode.IsOfUser(value.GetType()) && !ForwardCode.IsOfRuntime(value.GetType())) Watch(name, value, code with { Reads = [.. code.Reads.Where(f => !f.IsStatic)] });
    }

    /// <summary>What its author calls it: the field behind a property has the property's name in it; a variable that a function holds has its own.</summary>
    public static string NameOf(FieldInfo field) => field.Name.StartsWith('<') && field.Name.IndexOf('>') is > 0 and var end ? field.Name[1..end] : field.Name;

    private static string Text(string owner, FieldInfo field)
    {
        var name = NameOf(field);
        return field.IsStatic ? $"{field.DeclaringType!.Name}.{name}" : owner.Length > 0 ? $"{owner}.{name}" : name;
    }
}
