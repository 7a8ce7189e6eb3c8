using System.Reflection;
using Microsoft.CodeAnalysis;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// Says more than the compiler where it is known what helps: which <c>using</c> is missing, and what is otherwise in scripts and cells.
/// </summary>
internal static class ErrorHelp
{
    private static readonly HashSet<string> Unknown = ["CS0103", "CS0246"];

    private static readonly Lazy<ILookup<string, string>> Namespaces = new(() => new[] { typeof(UsageException).Assembly, typeof(Extensions.Plots.Figure).Assembly, typeof(TorchSharp.torch).Assembly }
        .SelectMany(assembly => assembly.GetExportedTypes())
        .Where(type => type is { IsNested: false, Namespace: not null })
        .ToLookup(type => type.Name.Split('`')[0], type => type.Namespace!));

    // What is found inside of torch.
    private static readonly Lazy<HashSet<string>> OfTorch = new(() => [.. typeof(TorchSharp.torch).GetMembers(BindingFlags.Public | BindingFlags.Static).Select(m => m.Name)]);

    // The compiler speaks of the class and the fields that a script becomes.
    private static readonly Dictionary<string, string> OfScripts = new()
    {
        ["CS1109"] = "in a script an extension method stands alone, without a class around it",
        ["CS8345"] = "a script's variable may outlive it: use this one in a method or within { }",
    };

    /// <summary>The line of an error, with what helps where that is known.</summary>
    public static string Explain(Diagnostic error)
    {
        if (error.Location.SourceTree is not { } tree) return error.ToString();
        var text = tree.GetText();
        if (OfScripts.TryGetValue(error.Id, out var help)) return $"{error}: {help}";
        if (!Unknown.Contains(error.Id)) return error.ToString();
        var name = text.ToString(error.Location.SourceSpan).Split('<')[0];
        return Namespaces.Value[name].Distinct().ToArray() is [var missing] ? $"{error}: add 'using {missing};'"
            : OfTorch.Value.Contains(name) ? $"{error}: add 'using static TorchSharp.torch;'"
            : error.ToString();
    }
}
