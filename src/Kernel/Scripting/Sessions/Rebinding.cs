using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// Lets go of the value that a name had when a cell defines the name anew. Only where nothing can ask for it again: a
/// function or lambda of an earlier cell that mentions the name keeps what it knows. A cell all of whose names are defined anew is let
/// go of as a whole: what still holds one of its functions holds it too, and nothing else can reach it.
/// </summary>
internal sealed class Rebinding
{
    private readonly Dictionary<string, int> definedBy = [];
    private readonly Dictionary<string, int> owners = []; // the last submission that defines a member, a method with its parameters
    private readonly Dictionary<int, int> reachable = []; // members of a submission that later code still finds by name
    private readonly Dictionary<string, int> mentionedBy = []; // the last submission in whose deferred code a name stands

    /// <summary>A cell has been compiled, and is about to run.</summary>
    /// <param name="slots">The submissions' objects by number.</param>
    public void Define(CSharpCompilation compilation, int number, object?[] slots)
    {
        var names = compilation.ScriptClass?.GetMembers().OfType<IFieldSymbol>().Where(f => !f.IsImplicitlyDeclared).Select(f => f.Name).ToList() ?? [];
        foreach (var name in names)
        {
            if (definedBy.TryGetValue(name, out var before) && mentionedBy.GetValueOrDefault(name, -1) < before) slots[before]?.GetType().GetField(name)?.SetValue(slots[before], null);
            definedBy[name] = number;
        }
        Supersede([.. compilation.ScriptClass?.GetMembers().Select(Key).OfType<string>().Distinct() ?? []], number, slots);
        foreach (var tree in compilation.SyntaxTrees)
            foreach (var node in tree.GetRoot().DescendantNodes())
                if (node is IdentifierNameSyntax mention && IsDeferred(mention)) mentionedBy[mention.Identifier.ValueText] = number;
    }

    private void Supersede(List<string> members, int number, object?[] slots)
    {
        foreach (var member in members)
        {
            if (owners.TryGetValue(member, out var before) && --reachable[before] == 0) slots[before] = null;
            owners[member] = number;
        }
        reachable[number] = members.Count;
        if (reachable.GetValueOrDefault(number - 1, -1) == 0) slots[number - 1] = null; // it had no names at all
    }

    // What a name, or a call of a method, finds. A type needs no object of its cell.
    private static string? Key(ISymbol member) => member switch
    {
        { IsImplicitlyDeclared: true } => null,
        IMethodSymbol { MethodKind: MethodKind.Ordinary } method => $"{method.Name}`{method.Arity}({string.Join(", ", method.Parameters.Select(p => $"{p.RefKind} {p.Type.ToDisplayString()}"))})",
        IFieldSymbol or IPropertySymbol or IEventSymbol => member.Name,
        _ => null,
    };

    // Whatever may run when the cell's own statements have ended.
    private static bool IsDeferred(SyntaxNode node) => node.Ancestors().Any(a => a is AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or BaseMethodDeclarationSyntax
        or BasePropertyDeclarationSyntax or TypeDeclarationSyntax or QueryExpressionSyntax);
}
