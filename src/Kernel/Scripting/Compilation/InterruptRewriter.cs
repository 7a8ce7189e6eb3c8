using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// Puts a check at the head of every loop, method, accessor, local function and lambda, without adding a line: so a
/// running cell can be ended at a place where nothing is half done, and an endless recursion ends in an exception. What
/// has no body of statements gets one. Expression trees stay as they are, and arguments whose text a method asks for.
/// </summary>
internal sealed class InterruptRewriter : CSharpSyntaxRewriter
{
    private const string Type = "global::Interactive.Kernel.Scripting.ScriptInterrupt";
    private static readonly StatementSyntax check = SyntaxFactory.ParseStatement($"{Type}.Check();"),
        enter = SyntaxFactory.ParseStatement($"{Type}.Enter();"),
        enterAsync = SyntaxFactory.ParseStatement($"{Type}.EnterAsync();");
    private static readonly ExpressionSyntax requested = SyntaxFactory.ParseExpression($"{Type}.IsRequested "),
        thrown = SyntaxFactory.ParseExpression($"throw {Type}.Exception() ");

    private readonly SemanticModel? model;
    private InterruptRewriter(SemanticModel? model) => this.model = model;

    /// <summary>Rewrites a tree.</summary>
    /// <param name="model">What its names mean; null checks loops and bodies of statements only, which needs no
    /// meaning.</param>
    public static SyntaxTree Rewrite(SyntaxTree tree, SemanticModel? model) =>
        CSharpSyntaxTree.Create((CSharpSyntaxNode)new InterruptRewriter(model).Visit(tree.GetRoot()),
            (CSharpParseOptions)tree.Options, tree.FilePath, Encoding.UTF8);

    // Right after the brace: a file of #load is read once more, and what follows on a new line may be an #if.
    private static BlockSyntax Head(BlockSyntax block, StatementSyntax first)
        => block.WithOpenBraceToken(block.OpenBraceToken.WithTrailingTrivia())
            .WithStatements(block.Statements.Insert(0, first.WithTrailingTrivia(block.OpenBraceToken.TrailingTrivia)));

    // What stands at the head of a method, function or lambda.
    private static StatementSyntax Enter(SyntaxTokenList modifiers)
        => modifiers.Any(SyntaxKind.AsyncKeyword) ? enterAsync : enter;

    private static StatementSyntax Body(StatementSyntax body) => body is BlockSyntax block ? Head(block, check)
        : SyntaxFactory.Block(check, body.WithoutTrivia()).WithTriviaFrom(body);

    public override SyntaxNode? VisitWhileStatement(WhileStatementSyntax node) =>
        base.VisitWhileStatement(node) is WhileStatementSyntax loop ? loop.WithStatement(Body(loop.Statement)) : node;

    public override SyntaxNode? VisitDoStatement(DoStatementSyntax node) =>
        base.VisitDoStatement(node) is DoStatementSyntax loop ? loop.WithStatement(Body(loop.Statement)) : node;

    public override SyntaxNode? VisitForStatement(ForStatementSyntax node) =>
        base.VisitForStatement(node) is ForStatementSyntax loop ? loop.WithStatement(Body(loop.Statement)) : node;

    public override SyntaxNode? VisitForEachStatement(ForEachStatementSyntax node) =>
        base.VisitForEachStatement(node) is ForEachStatementSyntax loop ? loop.WithStatement(Body(loop.Statement))
            : node;

    public override SyntaxNode? VisitForEachVariableStatement(ForEachVariableStatementSyntax node) =>
        base.VisitForEachVariableStatement(node) is ForEachVariableStatementSyntax loop
            ? loop.WithStatement(Body(loop.Statement)) : node;

    // A jump backwards is a loop as well, to a label or to another case.
    public override SyntaxNode? VisitGotoStatement(GotoStatementSyntax node) => Body(node);

    public override SyntaxNode? VisitMethodDeclaration(MethodDeclarationSyntax node)
        => base.VisitMethodDeclaration(node) is MethodDeclarationSyntax method
        ? method.Body is { } body ? method.WithBody(Head(body, Enter(method.Modifiers)))
        : Block(node, method.ExpressionBody, method.SemicolonToken, Enter(method.Modifiers)) is { } block
        ? method.WithExpressionBody(null).WithSemicolonToken(default).WithBody(block) : method : node;

    public override SyntaxNode? VisitLocalFunctionStatement(LocalFunctionStatementSyntax node)
        => base.VisitLocalFunctionStatement(node) is LocalFunctionStatementSyntax function
        ? function.Body is { } body ? function.WithBody(Head(body, Enter(function.Modifiers)))
        : Block(node, function.ExpressionBody, function.SemicolonToken, Enter(function.Modifiers)) is { } block
        ? function.WithExpressionBody(null).WithSemicolonToken(default).WithBody(block) : function : node;

    // A type whose static constructor throws is lost for good: there only loops are checked.
    public override SyntaxNode? VisitConstructorDeclaration(ConstructorDeclarationSyntax node)
        => base.VisitConstructorDeclaration(node) is not ConstructorDeclarationSyntax method ? null
        : method.Modifiers.Any(SyntaxKind.StaticKeyword) ? method
        : method.Body is { } body ? method.WithBody(Head(body, enter))
        : Block(node, method.ExpressionBody, method.SemicolonToken, enter) is { } block
        ? method.WithExpressionBody(null).WithSemicolonToken(default).WithBody(block) : method;

    public override SyntaxNode? VisitOperatorDeclaration(OperatorDeclarationSyntax node)
        => base.VisitOperatorDeclaration(node) is OperatorDeclarationSyntax method
        ? method.Body is { } body ? method.WithBody(Head(body, enter))
        : Block(node, method.ExpressionBody, method.SemicolonToken, enter) is { } block
        ? method.WithExpressionBody(null).WithSemicolonToken(default).WithBody(block) : method : node;

    public override SyntaxNode? VisitConversionOperatorDeclaration(ConversionOperatorDeclarationSyntax node)
        => base.VisitConversionOperatorDeclaration(node) is ConversionOperatorDeclarationSyntax method
        ? method.Body is { } body ? method.WithBody(Head(body, enter))
        : Block(node, method.ExpressionBody, method.SemicolonToken, enter) is { } block
        ? method.WithExpressionBody(null).WithSemicolonToken(default).WithBody(block) : method : node;

    public override SyntaxNode? VisitAccessorDeclaration(AccessorDeclarationSyntax node)
        => base.VisitAccessorDeclaration(node) is AccessorDeclarationSyntax method
        ? method.Body is { } body ? method.WithBody(Head(body, enter))
        : Block(node, method.ExpressionBody, method.SemicolonToken, enter) is { } block
        ? method.WithExpressionBody(null).WithSemicolonToken(default).WithBody(block) : method : node;

    public override SyntaxNode? VisitPropertyDeclaration(PropertyDeclarationSyntax node)
        => base.VisitPropertyDeclaration(node) is not PropertyDeclarationSyntax property ? null
        : property.ExpressionBody is { } arrow && Getter(arrow, property.SemicolonToken) is { } getter
        ? property.WithExpressionBody(null).WithSemicolonToken(default).WithAccessorList(getter) : property;

    public override SyntaxNode? VisitIndexerDeclaration(IndexerDeclarationSyntax node)
        => base.VisitIndexerDeclaration(node) is not IndexerDeclarationSyntax property ? null
        : property.ExpressionBody is { } arrow && Getter(arrow, property.SemicolonToken) is { } getter
        ? property.WithExpressionBody(null).WithSemicolonToken(default).WithAccessorList(getter) : property;

    public override SyntaxNode? VisitAnonymousMethodExpression(AnonymousMethodExpressionSyntax node) =>
        base.VisitAnonymousMethodExpression(node) is AnonymousMethodExpressionSyntax method
            ? method.WithBlock(Head(method.Block, Enter(method.Modifiers))) : node;

    public override SyntaxNode? VisitSimpleLambdaExpression(SimpleLambdaExpressionSyntax node)
        => IsKept(node) ? node : Lambda(node, (LambdaExpressionSyntax)base.VisitSimpleLambdaExpression(node)!);
    public override SyntaxNode? VisitParenthesizedLambdaExpression(ParenthesizedLambdaExpressionSyntax node)
        => IsKept(node) ? node : Lambda(node, (LambdaExpressionSyntax)base.VisitParenthesizedLambdaExpression(node)!);

    // Without a model nobody knows which lambdas are expression trees, in which no statement may stand.
    private bool IsKept(LambdaExpressionSyntax lambda)
        => model is null
        || model.GetTypeInfo(lambda).ConvertedType is { Name: "Expression", ContainingNamespace.Name: "Expressions" };

    private LambdaExpressionSyntax Lambda(LambdaExpressionSyntax node, LambdaExpressionSyntax lambda)
    {
        if (lambda.Block is { } own) return lambda.WithBlock(Head(own, Enter(lambda.Modifiers)));
        if (lambda.ExpressionBody is null or ThrowExpressionSyntax
            || model!.GetSymbolInfo(node).Symbol is not IMethodSymbol symbol) return lambda;
        return lambda.WithExpressionBody(null)
            .WithBlock(Block(lambda.ExpressionBody, Enter(lambda.Modifiers), IsWithoutValue(symbol), default, default,
            default));
    }

    public override SyntaxNode? VisitInvocationExpression(InvocationExpressionSyntax node)
        => AsksForText(node) ? node : base.VisitInvocationExpression(node);
    public override SyntaxNode? VisitObjectCreationExpression(ObjectCreationExpressionSyntax node)
        => AsksForText(node) ? node : Made(node, (ExpressionSyntax)base.VisitObjectCreationExpression(node)!);
    public override SyntaxNode? VisitImplicitObjectCreationExpression(ImplicitObjectCreationExpressionSyntax node)
        => AsksForText(node) ? node : Made(node, (ExpressionSyntax)base.VisitImplicitObjectCreationExpression(node)!);

    // An object that makes one of its own kind before its constructor's body begins, or has no such body, has no
    // other place for a check.
    private ExpressionSyntax Made(ExpressionSyntax node, ExpressionSyntax made)
        => model is not null && BeginsObject(node) ? Either(made) : made;

    private static bool BeginsObject(SyntaxNode node)
    {
        foreach (var outer in node.Ancestors())
            switch (outer)
            {
                case AnonymousFunctionExpressionSyntax or StatementSyntax or ArrowExpressionClauseSyntax: return false;
                case ConstructorInitializerSyntax or PrimaryConstructorBaseTypeSyntax: return true;
                case BasePropertyDeclarationSyntax or BaseFieldDeclarationSyntax:
                    return outer.Parent is TypeDeclarationSyntax
                        && !((MemberDeclarationSyntax)outer).Modifiers.Any(SyntaxKind.StaticKeyword);
            }
        return false;
    }

    // What the compiler writes for records, to compare them and for their hash codes, calls itself for what they hold.
    // It asks for the contract first.
    public override SyntaxNode? VisitRecordDeclaration(RecordDeclarationSyntax node)
        => base.VisitRecordDeclaration(node) is not RecordDeclarationSyntax record ? null
        : RecordContract.Of(node, model) is { } contract ? RecordContract.AddTo(record, contract(enter)) : record;

    // CallerArgumentExpression hands over the text of an argument: as it was written.
    private bool AsksForText(ExpressionSyntax call)
        => model is not null
        && call.DescendantNodes().Any(n => n is AnonymousFunctionExpressionSyntax or QueryExpressionSyntax
            || n is BaseObjectCreationExpressionSyntax && BeginsObject(n))
        && model.GetSymbolInfo(call).Symbol is IMethodSymbol method
        && method.Parameters
        .Any(p => p.GetAttributes().Any(a => a.AttributeClass?.Name == "CallerArgumentExpressionAttribute"));

    public override SyntaxNode? VisitQueryExpression(QueryExpressionSyntax node)
        => model is null || node.DescendantNodes().Any(IsOfProvider) ? node : base.VisitQueryExpression(node);

    private bool IsOfProvider(SyntaxNode node) => node switch
    {
        QueryClauseSyntax clause => model!.GetQueryClauseInfo(clause).OperationInfo.Symbol,
        SelectOrGroupClauseSyntax or OrderingSyntax => model!.GetSymbolInfo(node).Symbol,
        _ => null,
    } is IMethodSymbol method && method.Parameters.Any(p => p.Type is { Name: "Expression" });

    public override SyntaxNode? VisitWhereClause(WhereClauseSyntax node)
        => ((WhereClauseSyntax)base.VisitWhereClause(node)!) is var clause
        ? clause.WithCondition(Either(clause.Condition)) : node;
    public override SyntaxNode? VisitLetClause(LetClauseSyntax node)
        => ((LetClauseSyntax)base.VisitLetClause(node)!) is var clause
        ? clause.WithExpression(Either(clause.Expression)) : node;
    public override SyntaxNode? VisitSelectClause(SelectClauseSyntax node)
        => ((SelectClauseSyntax)base.VisitSelectClause(node)!) is var clause
        ? clause.WithExpression(Either(clause.Expression)) : node;
    public override SyntaxNode? VisitFromClause(FromClauseSyntax node) =>
        base.VisitFromClause(node) is FromClauseSyntax clause
            ? node.Parent is QueryBodySyntax ? clause.WithExpression(Either(clause.Expression)) : clause : node;

    public override SyntaxNode? VisitJoinClause(JoinClauseSyntax node) =>
        base.VisitJoinClause(node) is JoinClauseSyntax clause
            ? clause.WithLeftExpression(Either(clause.LeftExpression))
                .WithRightExpression(Either(clause.RightExpression)) : node;
    public override SyntaxNode? VisitOrdering(OrderingSyntax node)
        => base.VisitOrdering(node) is OrderingSyntax order ? order.WithExpression(Either(order.Expression)) : node;
    public override SyntaxNode? VisitGroupClause(GroupClauseSyntax node)
        => base.VisitGroupClause(node) is GroupClauseSyntax clause
        ? clause.WithByExpression(Either(clause.ByExpression)) : node;

    // "(requested ? throw : value)", between what stands around the value.
    private static ExpressionSyntax Either(ExpressionSyntax value)
        => SyntaxFactory.ParenthesizedExpression(SyntaxFactory.ConditionalExpression(requested, thrown,
        value.WithoutTrivia()))
        .WithLeadingTrivia(value.GetLeadingTrivia()).WithTrailingTrivia(value.GetTrailingTrivia());

    private BlockSyntax? Block(SyntaxNode declaration, ArrowExpressionClauseSyntax? arrow, SyntaxToken semicolon,
        StatementSyntax first) =>
        arrow is null or { Expression: ThrowExpressionSyntax }
            || model?.GetDeclaredSymbol(declaration) is not IMethodSymbol symbol ? null
            : Block(arrow.Expression, first, IsWithoutValue(symbol), arrow.ArrowToken.LeadingTrivia,
            arrow.ArrowToken.TrailingTrivia, semicolon);

    private AccessorListSyntax? Getter(ArrowExpressionClauseSyntax arrow, SyntaxToken semicolon)
        => model is null || arrow.Expression is ThrowExpressionSyntax ? null
        : SyntaxFactory.AccessorList(SyntaxFactory.Token(SyntaxKind.OpenBraceToken),
        [SyntaxFactory.AccessorDeclaration(SyntaxKind.GetAccessorDeclaration,
            Block(arrow.Expression, enter, false, arrow.ArrowToken.LeadingTrivia, arrow.ArrowToken.TrailingTrivia,
                default))], SyntaxFactory.Token(default, SyntaxKind.CloseBraceToken, semicolon.TrailingTrivia));

    private static bool IsWithoutValue(IMethodSymbol method)
        => method.ReturnsVoid || method.MethodKind == MethodKind.Constructor
        || method.IsAsync && method.ReturnType is not INamedTypeSymbol { IsGenericType: true };

    // The expression stays on its line: what stood around the arrow and the semicolon stands around the braces.
    private static BlockSyntax Block(ExpressionSyntax value, StatementSyntax first, bool isVoid,
        SyntaxTriviaList before, SyntaxTriviaList after, SyntaxToken semicolon)
    {
        var end = SyntaxFactory.Token(semicolon.LeadingTrivia, SyntaxKind.SemicolonToken, default);
        StatementSyntax statement = isVoid ? SyntaxFactory.ExpressionStatement(value, end)
            : SyntaxFactory.ReturnStatement(SyntaxFactory.Token(default, SyntaxKind.ReturnKeyword,
            [SyntaxFactory.Space]), value, end);
        return SyntaxFactory.Block(SyntaxFactory.Token(before, SyntaxKind.OpenBraceToken, after), [first, statement],
            SyntaxFactory.Token(default, SyntaxKind.CloseBraceToken, semicolon.TrailingTrivia));
    }
}
