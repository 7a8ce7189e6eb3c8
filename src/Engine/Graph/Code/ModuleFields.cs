using System.Reflection;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// The numbers, texts and switches that the forwards of the user's modules read from fields when a graph was made, and the numbers of
/// TorchSharp's layers, as the slope of a rectifier. What they did with them is in the graph; one that is changed later would be passed
/// over without a word.
/// </summary>
internal sealed class ModuleFields
{
    private readonly (string Name, nn.Module Module, FieldInfo Field, object? Value)[] all;

    private ModuleFields((string, nn.Module, FieldInfo, object?)[] all) => this.all = all;

    /// <summary>Those of modules, with their names.</summary>
    public static ModuleFields Of(IEnumerable<(string Name, nn.Module Module)> modules)
        => new([.. modules.SelectMany(m => (ForwardCode.IsOfUser(m.Module.GetType()) ? ForwardCode.Reads(m.Module) : Numbers(m.Module.GetType())).Select(f => (m.Name.Length > 0 && !f.IsStatic ? $"{m.Name}.{Text(f)}" : Text(f), m.Module, f, f.GetValue(m.Module))))]);

    // Of a layer of TorchSharp's; not of what all modules have.
    private static IEnumerable<FieldInfo> Numbers(Type? type)
    {
        for (; type is not null && type.Namespace == typeof(TorchSharp.Modules.Linear).Namespace; type = type.BaseType)
            foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                if (IsPlain(field.FieldType) && field.FieldType != typeof(bool)) yield return field;
    }

    /// <summary>A number, a truth value, an enumeration or a text.</summary>
    public static bool IsPlain(Type type)
        => (Nullable.GetUnderlyingType(type) ?? type) is { } t && (t.IsPrimitive || t.IsEnum || t == typeof(string) || t == typeof(decimal));

    /// <summary>The first that is another one now, in a sentence; or null.</summary>
    public string? Changed()
    {
        foreach (var (name, module, field, before) in all)
            if (field.GetValue(module) is var now && !Equals(now, before))
                return FormattableString.Invariant($"{name} was {before} when the graph was made and is {now} now, which the graph would not follow: make the graph again{(ForwardCode.IsOfUser(module.GetType()) ? ", or keep it in a buffer (register_buffer), which is read anew" : "")}");
        return null;
    }

    // The field behind a property has the property's name in it.
    private static string Text(FieldInfo field)
    {
        var name = field.Name.StartsWith('<') && field.Name.IndexOf('>') is > 0 and var end ? field.Name[1..end] : field.Name;
        return field.IsStatic ? $"{field.DeclaringType!.Name}.{name}" : name;
    }
}
