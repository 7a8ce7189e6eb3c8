using System.Reflection;
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
    private readonly Dictionary<int, int> slotOf = []; // where a submission's object is, while it is there

    /// <summary>A cell has been compiled, and is about to run.</summary>
    /// <param name="slot">Where its object will be among <paramref name="slots"/>; 0 for a submission without code. Not its number: a submission
    /// may take the place of one that it replaces.</param>
    /// <param name="slots">The submissions' objects.</param>
    public void Define(CSharpCompilation compilation, int number, int slot, object?[] slots)
    {
        var names = compilation.ScriptClass?.GetMembers().OfType<IFieldSymbol>().Where(f => !f.IsImplicitlyDeclared).Select(f => f.Name).ToList() ?? [];
        foreach (var name in names)
        {
            if (definedBy.TryGetValue(name, out var before) && mentionedBy.GetValueOrDefault(name, -1) < before && slotOf.TryGetValue(before, out var place))
                LetGo(slots[place]?.GetType().GetField(name), slots[place]);
            definedBy[name] = number;
        }
        Supersede(SubmissionMembers.Of(compilation).Keys, number, slots);
        if (slot > 0) slotOf[number] = slot;
        foreach (var tree in compilation.SyntaxTrees)
            foreach (var node in tree.GetRoot().DescendantNodes())
                if (node is IdentifierNameSyntax mention && IsDeferred(mention)) mentionedBy[mention.Identifier.ValueText] = number;
    }

    private void Supersede(IReadOnlyList<string> members, int number, object?[] slots)
    {
        foreach (var member in members)
        {
            if (owners.TryGetValue(member, out var before) && --reachable[before] == 0) LetGo(before, slots);
            owners[member] = number;
        }
        reachable[number] = members.Count;
        if (reachable.GetValueOrDefault(number - 1, -1) == 0) LetGo(number - 1, slots); // it had no names at all
    }

    // A constant has no place of its own, and what is static and never written anew stays.
    private static void LetGo(FieldInfo? field, object? of)
    {
        if (field is { IsLiteral: false } and not { IsStatic: true, IsInitOnly: true }) field.SetValue(of, null);
    }

    private void LetGo(int number, object?[] slots)
    {
        reachable.Remove(number);
        if (slotOf.Remove(number, out var slot)) slots[slot] = null;
    }

    // Whatever may run when the cell's own statements have ended.
    private static bool IsDeferred(SyntaxNode node) => node.Ancestors().Any(a => a is AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or BaseMethodDeclarationSyntax
        or BasePropertyDeclarationSyntax or TypeDeclarationSyntax or QueryExpressionSyntax);
}
