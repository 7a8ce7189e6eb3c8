using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// Lets go of the value that a name had when a cell defines the name anew. Only where nothing can ask for it again: a
/// function or lambda of an earlier cell that mentions the name keeps what it knows.
/// </summary>
internal sealed class Rebinding
{
    private readonly Dictionary<string, int> definedBy = [];
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
        foreach (var tree in compilation.SyntaxTrees)
            foreach (var node in tree.GetRoot().DescendantNodes())
                if (node is IdentifierNameSyntax mention && IsDeferred(mention)) mentionedBy[mention.Identifier.ValueText] = number;
    }

    // Whatever may run when the cell's own statements have ended.
    private static bool IsDeferred(SyntaxNode node) => node.Ancestors().Any(a => a is AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or BaseMethodDeclarationSyntax
        or BasePropertyDeclarationSyntax or TypeDeclarationSyntax or QueryExpressionSyntax);
}
