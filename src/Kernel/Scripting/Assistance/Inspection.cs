using System.Text;
using System.Xml;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Interactive.Kernel.Scripting;

/// <summary>Tells what a name is, or what the call around a position accepts.</summary>
internal static class Inspection
{
    private static readonly SymbolDisplayFormat declaration = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters | SymbolDisplayGenericsOptions.IncludeVariance,
        memberOptions: SymbolDisplayMemberOptions.IncludeParameters | SymbolDisplayMemberOptions.IncludeType | SymbolDisplayMemberOptions.IncludeContainingType | SymbolDisplayMemberOptions.IncludeConstantValue,
        parameterOptions: SymbolDisplayParameterOptions.IncludeType | SymbolDisplayParameterOptions.IncludeName | SymbolDisplayParameterOptions.IncludeDefaultValue | SymbolDisplayParameterOptions.IncludeParamsRefOut,
        propertyStyle: SymbolDisplayPropertyStyle.ShowReadWriteDescriptor,
        kindOptions: SymbolDisplayKindOptions.IncludeTypeKeyword | SymbolDisplayKindOptions.IncludeNamespaceKeyword,
        localOptions: SymbolDisplayLocalOptions.IncludeType | SymbolDisplayLocalOptions.IncludeConstantValue,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.UseSpecialTypes | SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    public static string? At(ScriptHistory history, string code, int position, CancellationToken cancellation = default)
    {
        position = Math.Clamp(position, 0, code.Length);
        var (tree, model) = history.Draft(code);
        var root = tree.GetCompilationUnitRoot(cancellation);
        var (start, end) = Completion.Word(code, position);
        if (end > start && Named(root.FindToken(start), model, cancellation) is { Count: > 0 } named)
            return named is [IRangeVariableSymbol range] ? Describe(range, model.GetTypeInfo(root.FindToken(start).Parent!, cancellation).Type) : Describe(named);
        return Call(root, model, position, cancellation) is { Count: > 0 } call ? Describe(call) : null;
    }

    private static List<ISymbol> Named(SyntaxToken token, SemanticModel model, CancellationToken cancellation)
    {
        if (token.Parent is not { } node) return [];
        if (model.GetDeclaredSymbol(node, cancellation) is { } declared) return [declared];
        var info = model.GetSymbolInfo(node, cancellation);
        if (info.Symbol is not null) return [info.Symbol];
        if (!info.CandidateSymbols.IsEmpty) return [.. info.CandidateSymbols];
        return [.. model.GetMemberGroup(node, cancellation)];
    }

    private static List<ISymbol> Call(SyntaxNode root, SemanticModel model, int position,
        CancellationToken cancellation)
    {
        var call = root.FindToken(Math.Max(0, position - 1)).Parent?.AncestorsAndSelf().FirstOrDefault(n =>
            n is InvocationExpressionSyntax i && i.ArgumentList.SpanStart < position
                || n is BaseObjectCreationExpressionSyntax { ArgumentList: { } a } && a.SpanStart < position);
        return call switch
        {
            InvocationExpressionSyntax invocation => [.. model.GetMemberGroup(invocation.Expression, cancellation)],
            ObjectCreationExpressionSyntax creation when model.GetSymbolInfo(creation.Type, cancellation)
                .Symbol is INamedTypeSymbol type =>
                [.. type.InstanceConstructors.Where(c => c.DeclaredAccessibility == Accessibility.Public)],
            _ => [],
        };
    }

    // The variable of a query, whose type only its uses know.
    private static string Describe(IRangeVariableSymbol variable, ITypeSymbol? type)
        => type is null or IErrorTypeSymbol ? $"? {variable.Name}" : $"{type.ToDisplayString(declaration)} {variable.Name}";

    private static string Describe(List<ISymbol> symbols)
    {
        var text = new StringBuilder();
        foreach (var symbol in symbols.Take(12)) text.AppendLine(symbol.ToDisplayString(declaration));
        if (symbols.Count > 12) text.AppendLine($"(+ {symbols.Count - 12} overloads)");
        if (Documentation(symbols[0]) is { Length: > 0 } documentation) text.AppendLine().AppendLine(documentation);
        return text.ToString().TrimEnd();
    }

    private static string Documentation(ISymbol symbol)
    {
        var xml = symbol.GetDocumentationCommentXml();
        if (string.IsNullOrWhiteSpace(xml)) return "";
        try
        {
            var member = XElement.Parse(xml);
            var text = new StringBuilder(Plain(member.Element("summary")));
            foreach (var parameter in member.Elements("param"))
                text.Append($"\n  {parameter.Attribute("name")?.Value}: {Plain(parameter)}");
            if (Plain(member.Element("returns")) is { Length: > 0 } returns) text.Append($"\nReturns: {returns}");
            foreach (var thrown in member.Elements("exception"))
                text.Append($"\nThrows {Name(thrown.Attribute("cref")?.Value)}: {Plain(thrown)}");
            return text.ToString().Trim();
        }
        catch (XmlException) { return ""; }
    }

    private static string Plain(XElement? element)
    {
        if (element is null) return "";
        var words = element.DescendantNodes().Select(n => n switch
        {
            XText text => text.Value,
            XElement { IsEmpty: true } e
                => Name((e.Attribute("cref") ?? e.Attribute("langword") ?? e.Attribute("name"))?.Value),
            _ => "",
        });
        return string.Join(' ', string.Concat(words).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    // M:System.Console.WriteLine(System.String) -> Console.WriteLine, T:System.String -> String
    private static string Name(string? reference)
    {
        if (reference is null) return "";
        if (reference.Length < 2 || reference[1] != ':') return reference;
        var parts = reference[2..].Split('(')[0].Split('.');
        return reference[0] == 'T' || parts.Length < 2 ? parts[^1] : $"{parts[^2]}.{parts[^1]}";
    }
}
