using System.Collections;
using System.Reflection;
using Microsoft.CodeAnalysis.CSharp;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// Tells the compiler beforehand that a submission may use what earlier ones keep internal, as it always may. For each of them the
/// compiler would first go through the references of all submissions in between: with 300 cells that was most of a cell's time, and it
/// grew with the square of their number.
/// </summary>
internal static class SubmissionFriends
{
    private const BindingFlags Inside = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;

    private static readonly PropertyInfo? assembly = typeof(CSharpCompilation).GetProperty("SourceAssembly", Inside);
    private static readonly PropertyInfo? known = Array.Find(assembly?.PropertyType.GetProperties(Inside) ?? [], p => p.Name.StartsWith("AssembliesToWhichInternalAccess", StringComparison.Ordinal));
    private static readonly object? match = known?.PropertyType.GenericTypeArguments is [_, { IsEnum: true } answer] && Enum.TryParse(answer, "Match", out var value) ? value : null;

    /// <summary>False when the compiler has other insides: then cells compile, but slowly after many.</summary>
    public static bool IsKnown => match is not null;

    public static CSharpCompilation Tell(CSharpCompilation compilation)
    {
        var earlier = compilation.ScriptCompilationInfo?.PreviousScriptCompilation;
        if (match is null || earlier is null) return compilation;
        Answers(earlier).Clear(); // it is compiled, and were each to keep its own they would add up
        var answers = Answers(compilation);
        for (; earlier is not null; earlier = earlier.ScriptCompilationInfo?.PreviousScriptCompilation) answers[assembly!.GetValue(earlier)!] = match;
        return compilation;
    }

    private static IDictionary Answers(CSharpCompilation compilation) => (IDictionary)known!.GetValue(assembly!.GetValue(compilation))!;
}
