using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// Puts a check at the head of every loop, method, local function and lambda, without adding a line: so a running cell
/// can be ended at a place where nothing is half done.
/// </summary>
internal sealed class InterruptRewriter : CSharpSyntaxRewriter
{
    private const string Type = "global::Interactive.Kernel.Scripting.ScriptInterrupt";
    private static readonly StatementSyntax check = SyntaxFactory.ParseStatement($"{Type}.Check();");
    private static readonly ExpressionSyntax requested = SyntaxFactory.ParseExpression($"{Type}.IsRequested ");
    private static readonly ExpressionSyntax thrown = SyntaxFactory.ParseExpression($"throw {Type}.Exception() ");

    private readonly bool lambdas;
    private InterruptRewriter(bool lambdas) => this.lambdas = lambdas;

    public static SyntaxTree Rewrite(SyntaxTree tree, bool lambdas) =>
        CSharpSyntaxTree.Create((CSharpSyntaxNode)new InterruptRewriter(lambdas).Visit(tree.GetRoot()), ScriptDirectives.ParseOptions, tree.FilePath, Encoding.UTF8);

    private static BlockSyntax Head(BlockSyntax block) => block.WithStatements(block.Statements.Insert(0, check));

    private static StatementSyntax Body(StatementSyntax body) => body is BlockSyntax block ? Head(block)
        : SyntaxFactory.Block(check, body.WithoutTrailingTrivia()).WithTrailingTrivia(body.GetTrailingTrivia());

    public override SyntaxNode? VisitWhileStatement(WhileStatementSyntax node) =>
        base.VisitWhileStatement(node) is WhileStatementSyntax loop ? loop.WithStatement(Body(loop.Statement)) : node;

    public override SyntaxNode? VisitDoStatement(DoStatementSyntax node) =>
        base.VisitDoStatement(node) is DoStatementSyntax loop ? loop.WithStatement(Body(loop.Statement)) : node;

    public override SyntaxNode? VisitForStatement(ForStatementSyntax node) =>
        base.VisitForStatement(node) is ForStatementSyntax loop ? loop.WithStatement(Body(loop.Statement)) : node;

    public override SyntaxNode? VisitForEachStatement(ForEachStatementSyntax node) =>
        base.VisitForEachStatement(node) is ForEachStatementSyntax loop ? loop.WithStatement(Body(loop.Statement)) : node;

    public override SyntaxNode? VisitForEachVariableStatement(ForEachVariableStatementSyntax node) =>
        base.VisitForEachVariableStatement(node) is ForEachVariableStatementSyntax loop ? loop.WithStatement(Body(loop.Statement)) : node;

    // A jump backwards is a loop as well.
    public override SyntaxNode? VisitLabeledStatement(LabeledStatementSyntax node) =>
        base.VisitLabeledStatement(node) is LabeledStatementSyntax label && label.Statement is not LocalDeclarationStatementSyntax and not LocalFunctionStatementSyntax
            ? label.WithStatement(Body(label.Statement)) : node;

    public override SyntaxNode? VisitMethodDeclaration(MethodDeclarationSyntax node) =>
        base.VisitMethodDeclaration(node) is MethodDeclarationSyntax { Body: { } body } method ? method.WithBody(Head(body)) : base.VisitMethodDeclaration(node);

    public override SyntaxNode? VisitLocalFunctionStatement(LocalFunctionStatementSyntax node) =>
        base.VisitLocalFunctionStatement(node) is LocalFunctionStatementSyntax { Body: { } body } function ? function.WithBody(Head(body)) : base.VisitLocalFunctionStatement(node);

    public override SyntaxNode? VisitSimpleLambdaExpression(SimpleLambdaExpressionSyntax node) => Lambda((LambdaExpressionSyntax)base.VisitSimpleLambdaExpression(node)!);
    public override SyntaxNode? VisitParenthesizedLambdaExpression(ParenthesizedLambdaExpressionSyntax node) => Lambda((LambdaExpressionSyntax)base.VisitParenthesizedLambdaExpression(node)!);

    private LambdaExpressionSyntax Lambda(LambdaExpressionSyntax lambda) =>
        !lambdas ? lambda
        : lambda.Block is { } block ? lambda.WithBlock(Head(block))
        : lambda.ExpressionBody is { } value && IsPlainValue(value) ? lambda.WithExpressionBody(SyntaxFactory.ParenthesizedExpression(SyntaxFactory.ConditionalExpression(requested, thrown, value)))
        : lambda;

    // An invocation may be void, others are no values or have no type of their own: those keep their form.
    private static bool IsPlainValue(ExpressionSyntax value) => value is BinaryExpressionSyntax or MemberAccessExpressionSyntax or IdentifierNameSyntax
        or ElementAccessExpressionSyntax or CastExpressionSyntax or ParenthesizedExpressionSyntax or InterpolatedStringExpressionSyntax or ObjectCreationExpressionSyntax;
}
