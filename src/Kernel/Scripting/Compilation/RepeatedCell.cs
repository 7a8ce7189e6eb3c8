using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Interactive.Kernel.Scripting;

/// <summary>A compiled cell that may run again without being compiled and loaded once more.</summary>
/// <param name="Slot">The place of its object among the session's.</param>
internal sealed record RepeatedCell(CSharpCompilation Compilation, Submission Submission, int Slot)
{
    private static readonly ConditionalWeakTable<System.Reflection.Assembly, string> names = [];

    /// <summary>
    /// Whether each run makes all that the cell makes: what is static would stay from the run before, a type would be the
    /// same one again, a directive may find other files, and a caller's name is compiled in.
    /// </summary>
    public static bool MayBe(string code, CSharpCompilation compilation, SubmissionMembers members)
        => !members.HasMore && compilation.SyntaxTrees.Length == 1 && !code.Contains('#') && !code.Contains("Caller", StringComparison.Ordinal)
        && compilation.ScriptClass?.GetMembers().Any(m => m is IFieldSymbol { IsStatic: true, IsConst: false } or IPropertySymbol { IsStatic: true } or IEventSymbol { IsStatic: true }) == false;

    /// <summary>From now on errors call it so.</summary>
    public void Rename(string name)
    {
        if (Submission.Loaded is { } loaded) names.AddOrUpdate(loaded, name);
    }

    /// <summary>What a cell is called whose code lies in an assembly; null for the name it was compiled with.</summary>
    public static string? NameOf(System.Reflection.Assembly assembly) => names.TryGetValue(assembly, out var name) ? name : null;
}
