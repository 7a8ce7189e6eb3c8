using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Interactive.Kernel.Scripting;

/// <summary>What a submission gives to later ones.</summary>
/// <param name="Keys">What a name, or a call of a method, finds: names, methods with their parameters.</param>
/// <param name="HasMore">True with types and imports, which no later definition of a name replaces.</param>
internal sealed record SubmissionMembers(IReadOnlyList<string> Keys, bool HasMore)
{
    public static SubmissionMembers Of(CSharpCompilation compilation)
    {
        var members = compilation.ScriptClass?.GetMembers().Where(m => !m.IsImplicitlyDeclared).ToList() ?? [];
        return new([.. members.Select(Key).OfType<string>().Distinct()], members.Any(m => m is INamedTypeSymbol)
            || compilation.SyntaxTrees.Any(tree => tree.GetCompilationUnitRoot() is var root && (root.Usings.Count > 0 || root.Externs.Count > 0)));
    }

    /// <summary>True when code that defines these cannot tell whether the other submission was there.</summary>
    public bool Replace(SubmissionMembers other) => !other.HasMore && other.Keys.All(Keys.Contains);

    // A type needs no object of its cell.
    private static string? Key(ISymbol member) => member switch
    {
        IMethodSymbol { MethodKind: MethodKind.Ordinary } method => $"{method.Name}`{method.Arity}({string.Join(", ", method.Parameters.Select(p => $"{p.RefKind} {p.Type.ToDisplayString()}"))})",
        IFieldSymbol or IPropertySymbol or IEventSymbol => member.Name,
        _ => null,
    };
}
