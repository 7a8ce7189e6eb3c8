using Interactive.Extensions.Display;
using Interactive.Extensions.DotnetInteractive;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Directives;
using Microsoft.DotNet.Interactive.Formatting;

namespace Interactive.DotnetInteractive;

/// <summary>
/// Formatters, live figures and directives inside .NET Interactive, loaded by the host on <c>#r "nuget:
/// Interactive.Extensions"</c>. A host that runs scripts only takes the same from <c>extension.dib</c>; whichever comes
/// first adds the directives.
/// </summary>
public sealed class InteractiveExtension : IKernelExtension
{
    /// <inheritdoc/>
    public Task OnLoadAsync(Microsoft.DotNet.Interactive.Kernel kernel)
    {
        RegisterFormatters();
        DisplayHost.Current = new ForwardingDisplayHost(bundle =>
        {
            var shown = KernelInvocationContext.Current.Display(bundle);
            return next => shown.Update(next);
        });
        if (Polyglot.Claim()) AddDirectives(kernel.RootKernel);
        return Task.CompletedTask;
    }

    private static void RegisterFormatters()
    {
        foreach (var type in Polyglot.Types)
        {
            foreach (var mimeType in Polyglot.MimeTypes)
                Formatter.Register(type, (object value, FormatContext context) =>
                {
                    var text = Polyglot.Format(value, mimeType);
                    if (text is not null) context.Writer.Write(text);
                    return text is not null;
                }, mimeType);
            Formatter.SetPreferredMimeTypesFor(type, [.. Polyglot.MimeTypes]);
        }
    }

    private static void AddDirectives(Microsoft.DotNet.Interactive.Kernel root)
    {
        root.AddDirective(Directive("#!plan", "Plans a model's memory under a budget", "--model", "--batch", "--image",
            "--budget"),
            Show<PlanCommand>(c => Polyglot.Plan(c.Model, c.Batch, c.Image, c.Budget)));
        root.AddDirective(Directive("#!memory", "Measures a model's memory under a budget", "--model", "--batch",
            "--image", "--budget"),
            Show<MemoryCommand>(c => Polyglot.Memory(c.Model, c.Batch, c.Image, c.Budget)));
        root.AddDirective(Directive("#!scaling", "Measures the sum over ranks, or predicts training on more of them",
            "--ranks", "--sizes", "--simulate", "--model", "--net"),
            Show<ScalingCommand>(c => Polyglot.Scaling(c.Ranks, c.Sizes, c.Simulate, c.Model, c.Net)));
        root.AddDirective<MpirunCommand>(Directive("#!mpirun", "Runs a C# script on several MPI ranks", "--ranks",
            "--script"),
            (command, context)
                => Run(command, context, () => Polyglot.Mpirun(command.Ranks, command.Script, Console.WriteLine)));
    }

    private static KernelActionDirective Directive(string name, string description, params string[] parameters)
    {
        var directive = new KernelActionDirective(name) { Description = description };
        foreach (var parameter in parameters) directive.Parameters.Add(new KernelDirectiveParameter(parameter));
        return directive;
    }

    private static Func<T, KernelInvocationContext, Task> Show<T>(Func<T, Task<MimeBundle>> make)
        where T : KernelCommand
        => (command, context) => Run(command, context, async () => context.Display(await make(command)));

    // What the user got wrong, or a job that failed, is one line and not the host's own stack.
    private static async Task Run(KernelCommand command, KernelInvocationContext context, Func<Task> action)
    {
        try { await action(); }
        catch (Exception e) when (e is UsageException
            or InvalidOperationException)
        { context.Fail(command, message: e.Message); }
    }
}
