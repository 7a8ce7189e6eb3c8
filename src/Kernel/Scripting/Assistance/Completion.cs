using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// Finds the names that may stand at a position: members after a dot, else everything in scope and the keywords.
/// </summary>
internal static class Completion
{
    private static readonly string[] keywords =
        [.. SyntaxFacts.GetReservedKeywordKinds().Select(SyntaxFacts.GetText), "async", "await", "var", "record",
            "yield", "nameof", "when", "dynamic", "init", "required", "with"];

    private static readonly SymbolDisplayFormat signature = SymbolDisplayFormat.MinimallyQualifiedFormat;

    public static IReadOnlyList<CompletionItem> At(ScriptHistory history, string code, int position,
        CancellationToken cancellation = default)
    {
        position = Math.Clamp(position, 0, code.Length);
        var (start, end) = Word(code, position);
        var prefix = code[start..position];
        var (tree, model) = history.Draft(code);
        var root = tree.GetCompilationUnitRoot(cancellation);
        if (IsText(root, position)) return [];

        var (symbols, afterDot) = Symbols(history, root, model, start, cancellation);
        var found = symbols
            .Where(s => s.CanBeReferencedByName && s is not INamedTypeSymbol { IsScriptClass: true } && Matches(s.Name, prefix) && !IsHidden(s))
            .GroupBy(s => s.Name)
            .Select(g => (Name: g.Key, Symbol: g.First(), Count: g.Count()))
            .Select(s => new CompletionItem(Escape(s.Name), Kind(s.Symbol), start, end,
                (s.Symbol is INamespaceSymbol ? s.Symbol.ToDisplayString() : s.Symbol.ToDisplayString(signature))
                    + (s.Count > 1 ? $" (+ {s.Count - 1} overloads)" : "")));
        if (!afterDot && prefix.Length > 0)
            found = found.Concat(keywords.Where(k => Matches(k, prefix)).Select(k => new CompletionItem(k, "keyword", start, end, "")));
        return [.. found.OrderBy(i => i.Text.StartsWith(prefix, StringComparison.Ordinal) ? 0 : 1).ThenBy(i => i.Text,
            StringComparer.OrdinalIgnoreCase).DistinctBy(i => i.Text)];
    }

    // What the host's own rewriting calls.
    private static bool IsHidden(ISymbol symbol) => symbol is IMethodSymbol { ContainingType.Name: nameof(ScriptGlobals) }
        && symbol.GetAttributes().Any(a => a.AttributeClass?.Name == nameof(System.ComponentModel.EditorBrowsableAttribute));

    private static (IEnumerable<ISymbol> Symbols, bool AfterDot) Symbols(ScriptHistory history,
        CompilationUnitSyntax root, SemanticModel model, int start, CancellationToken cancellation)
    {
        var before = root.FindToken(Math.Max(0, start - 1));
        while (before.SpanStart >= start && before.SpanStart > 0 || before.Span.Length == 0 && before.SpanStart > 0)
            before = before.GetPreviousToken(includeZeroWidth: false);
        var left = before.Parent switch
        {
            MemberAccessExpressionSyntax access when before.IsKind(SyntaxKind.DotToken) => access.Expression,
            QualifiedNameSyntax name when before.IsKind(SyntaxKind.DotToken) => name.Left,
            MemberBindingExpressionSyntax { Parent.Parent: ConditionalAccessExpressionSyntax conditional } when before.IsKind(SyntaxKind.DotToken) => conditional.Expression,
            MemberBindingExpressionSyntax { Parent: ConditionalAccessExpressionSyntax conditional } when before.IsKind(SyntaxKind.DotToken) => conditional.Expression,
            _ => (ExpressionSyntax?)null,
        };
        if (left is null && Initialised(before, model, cancellation) is { } initialised)
            return (initialised, true);
        if (left is null)
            return (history.Names.At(history, root.SyntaxTree, start), before.IsKind(SyntaxKind.DotToken));

        var bound = model.GetSymbolInfo(left, cancellation);
        var symbol = bound.Symbol ?? bound.CandidateSymbols.FirstOrDefault();
        // "value." above a declaration reads like the name of its type.
        if (symbol is not INamespaceOrTypeSymbol && before.Parent is QualifiedNameSyntax)
        {
            var value = SyntaxFactory.ParseExpression(left.ToString());
            symbol = model.GetSpeculativeSymbolInfo(left.SpanStart, value, SpeculativeBindingOption.BindAsExpression).Symbol;
            if (symbol is not (null or INamespaceOrTypeSymbol))
                return (Members(model, start, model.GetSpeculativeTypeInfo(left.SpanStart, value, SpeculativeBindingOption.BindAsExpression).Type ?? TypeOf(symbol)), true);
        }
        if (symbol is INamespaceSymbol ns) return (model.LookupNamespacesAndTypes(start, ns), true);
        if (symbol is INamedTypeSymbol type && !IsColorColor(model, left, type))
            return (model.LookupStaticMembers(start, type).Concat(type.GetTypeMembers().Where(t => model.IsAccessible(start, t))), true);
        var of = model.GetTypeInfo(left, cancellation).Type ?? TypeOf(symbol);
        if (of is null or IErrorTypeSymbol) return ([], true);
        if (left.Parent?.Parent is ConditionalAccessExpressionSyntax
            || left.Parent is ConditionalAccessExpressionSyntax)
            if (of is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable)
                of = nullable.TypeArguments[0];
        return (Members(model, start, of), true);
    }

    private static IEnumerable<ISymbol> Members(SemanticModel model, int position, ITypeSymbol? of)
        => of is null or IErrorTypeSymbol ? [] : model.LookupSymbols(position, of, includeReducedExtensionMethods: true)
            .Where(s => !s.IsStatic || s is IMethodSymbol { IsExtensionMethod: true });

    // What "new C { … }" may set, and "value is { … }" may ask for; null where a value stands.
    private static IEnumerable<ISymbol>? Initialised(SyntaxToken before, SemanticModel model, CancellationToken cancellation)
    {
        if (!before.IsKind(SyntaxKind.OpenBraceToken) && !before.IsKind(SyntaxKind.CommaToken)) return null;
        var (isPattern, type) = before.Parent switch
        {
            InitializerExpressionSyntax { Parent: BaseObjectCreationExpressionSyntax made } => (false, model.GetTypeInfo(made, cancellation).Type),
            PropertyPatternClauseSyntax { Parent: { } pattern } => (true, model.GetTypeInfo(pattern, cancellation) is { } of ? of.ConvertedType ?? of.Type : null),
            _ => (false, null),
        };
        if (!isPattern && type is not null && type.AllInterfaces.Any(i => i.SpecialType == SpecialType.System_Collections_IEnumerable)) return null;
        return type is null or IErrorTypeSymbol ? null : model.LookupSymbols(before.SpanStart, type)
            .Where(s => !s.IsStatic && s is IFieldSymbol or IPropertySymbol { IsIndexer: false } && (isPattern || s is IFieldSymbol { IsReadOnly: false } or IPropertySymbol { SetMethod: not null }));
    }

    // A property may bear its type's name: then it is the value that is meant.
    private static bool IsColorColor(SemanticModel model, ExpressionSyntax left, INamedTypeSymbol type) =>
        model.LookupSymbols(left.SpanStart, name: type.Name)
            .Any(s => s is IPropertySymbol or IFieldSymbol or ILocalSymbol or IParameterSymbol);

    private static ITypeSymbol? TypeOf(ISymbol? symbol) => symbol switch
    {
        ILocalSymbol s => s.Type,
        IFieldSymbol s => s.Type,
        IPropertySymbol s => s.Type,
        IParameterSymbol s => s.Type,
        IMethodSymbol s => s.ReturnType,
        _ => null,
    };

    /// <summary>The identifier around a position.</summary>
    internal static (int Start, int End) Word(string code, int position)
    {
        int start = position, end = position;
        while (start > 0 && SyntaxFacts.IsIdentifierPartCharacter(code[start - 1])) start--;
        while (end < code.Length && SyntaxFacts.IsIdentifierPartCharacter(code[end])) end++;
        if (start > 0 && code[start - 1] == '@') start--;
        return (start, end);
    }

    private static bool IsText(SyntaxNode root, int position)
    {
        var trivia = root.FindTrivia(Math.Max(0, position - 1));
        if (trivia.IsKind(SyntaxKind.SingleLineCommentTrivia) || trivia.IsKind(SyntaxKind.MultiLineCommentTrivia))
            return true;
        var token = root.FindToken(Math.Max(0, position - 1));
        return token.SpanStart < position && position <= token.Span.End
            && token.Kind() is SyntaxKind.StringLiteralToken or SyntaxKind.CharacterLiteralToken
            or SyntaxKind.InterpolatedStringTextToken or SyntaxKind.NumericLiteralToken
                or SyntaxKind.SingleLineRawStringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken;
    }

    private static bool Matches(string name, string prefix)
        => name.StartsWith(prefix.TrimStart('@'), StringComparison.OrdinalIgnoreCase);

    private static string Escape(string name)
        => SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None ? name : "@" + name;

    private static string Kind(ISymbol symbol) => symbol switch
    {
        INamespaceSymbol => "module",
        INamedTypeSymbol { TypeKind: TypeKind.Interface } => "interface",
        INamedTypeSymbol { TypeKind: TypeKind.Enum } => "enum",
        INamedTypeSymbol { TypeKind: TypeKind.Struct } => "struct",
        ITypeSymbol => "class",
        IMethodSymbol => "function",
        IPropertySymbol => "property",
        IFieldSymbol { ContainingType.IsScriptClass: true } => "instance",
        IFieldSymbol or IEventSymbol => "field",
        _ => "instance",
    };
}
