using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// The <c>EqualityContract</c> of a record as the compiler would write it, but with a statement at its head.
/// </summary>
internal static class RecordContract
{
    /// <summary>
    /// Makes the property from the statement; null for what has none: structs, a record with its own one, the further
    /// parts of a partial record.
    /// </summary>
    public static Func<StatementSyntax, MemberDeclarationSyntax>? Of(RecordDeclarationSyntax node, SemanticModel? model)
    {
        if (node.ClassOrStructKeyword.IsKind(SyntaxKind.StructKeyword)
            || model?.GetDeclaredSymbol(node) is not { } type
            || type.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax() != node
            || type.GetMembers("EqualityContract").OfType<IPropertySymbol>().FirstOrDefault() is not { IsImplicitlyDeclared: true } contract) return null;
        var modifiers = contract.DeclaredAccessibility == Accessibility.Private ? "private"
            : contract.IsOverride ? "protected override" : "protected virtual";
        var name = node.Identifier.Text
            + (node.TypeParameterList is { } list ? $"<{string.Join(", ", list.Parameters.Select(p => p.Identifier.Text))}>" : "");
        return first => SyntaxFactory.ParseMemberDeclaration(
            $"{modifiers} global::System.Type EqualityContract {{ get {{ {first.ToFullString()} return typeof({name}); }} }} ")!;
    }

    /// <summary>The record with the member, right after its brace.</summary>
    public static RecordDeclarationSyntax AddTo(RecordDeclarationSyntax record, MemberDeclarationSyntax member)
    {
        if (record.OpenBraceToken.RawKind == 0 || record.OpenBraceToken.IsMissing)
            record = record.WithOpenBraceToken(SyntaxFactory.Token(SyntaxKind.OpenBraceToken))
                .WithCloseBraceToken(SyntaxFactory.Token(default, SyntaxKind.CloseBraceToken, record.SemicolonToken.TrailingTrivia))
                .WithSemicolonToken(default);
        var open = record.OpenBraceToken;
        return record.WithOpenBraceToken(open.WithTrailingTrivia())
            .WithMembers(record.Members.Insert(0, member.WithTrailingTrivia(open.TrailingTrivia)));
    }
}
