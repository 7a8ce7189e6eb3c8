using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// Everything that a plain name may mean at the end of a session. The compiler would go through the imports of every
/// cell once more for each cell; here they are gathered into the scope of one draft, and what cells define is listed
/// beside it.
/// </summary>
internal sealed class NameScope
{
    private sealed record Basis(int References, string Usings, CSharpCompilation Compilation);

    private volatile Basis? basis;

    /// <summary>
    /// How often the references and imports had to be bound: again only when a cell has added to them.
    /// </summary>
    public int Bound { get; private set; }

    /// <summary>
    /// What may be named at a position of a draft, newest definition first. May be called from any thread.
    /// </summary>
    /// <param name="position">In UTF-16 units from the start of the draft.</param>
    public IReadOnlyList<ISymbol> At(ScriptHistory history, SyntaxTree draft, int position)
    {
        List<MetadataReference> references = [.. history.References];
        List<ISymbol> defined = [];
        var usings = new HashSet<string>();
        for (var cell = history.Last; cell is not null; cell = cell.ScriptCompilationInfo?.PreviousScriptCompilation)
        {
            references.AddRange(cell.ExternalReferences);
            foreach (var tree in cell.SyntaxTrees)
                foreach (var import in tree.GetCompilationUnitRoot().Usings)
                    if (import is { Alias: null, Name: { } name }) usings.Add(name.ToString());
            if (cell.ScriptClass is { } type)
                defined.AddRange(type.GetMembers().Where(m => m.CanBeReferencedByName && !m.IsImplicitlyDeclared));
        }
        var model = Compilation(history.Compiler, references, [.. usings.Order()]).AddSyntaxTrees(draft)
            .GetSemanticModel(draft, ignoreAccessibility: false);
        return [.. model.LookupSymbols(position), .. defined];
    }

    private CSharpCompilation Compilation(ScriptCompiler compiler, List<MetadataReference> references, string[] usings)
    {
        var imports = string.Join(';', usings);
        if (basis is { } known && known.References == references.Count && known.Usings == imports)
            return known.Compilation;
        var made = compiler.CreateScope(references, usings);
        _ = made.GlobalNamespace; // binds the references, for all drafts to come
        Bound++;
        basis = new(references.Count, imports, made);
        return made;
    }
}
