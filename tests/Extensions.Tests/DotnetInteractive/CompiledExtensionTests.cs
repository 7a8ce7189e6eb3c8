using Interactive.DotnetInteractive;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Events;
using Microsoft.DotNet.Interactive.Formatting;

namespace Interactive.Extensions.Tests.DotnetInteractive;

/// <summary>The compiled extension in a real kernel of Microsoft.DotNet.Interactive.</summary>
[Trait("Speed", "slow")]
public sealed class CompiledExtensionTests
{
    [Fact]
    public async Task It_brings_formatters_and_directives()
    {
        using var kernel = new CompositeKernel { new EchoKernel() };
        await new InteractiveExtension().OnLoadAsync(kernel);
        using var tensor = TorchSharp.torch.ones(3);
        Assert.StartsWith("Tensor 3  Float32", Formatter.ToDisplayString(tensor, "text/plain"));
        foreach (var name in new[] { "#!plan", "#!memory", "#!scaling", "#!mpirun" })
            Assert.Contains(name, kernel.KernelInfo.SupportedDirectives.Select(d => d.Name));

        // What the user got wrong is one line.
        var result = await kernel.SendAsync(new SubmitCode("#!mpirun --ranks 2"));
        var failure = Assert.Single(result.Events.OfType<CommandFailed>());
        Assert.Equal("#!mpirun --ranks N --script FILE.csx", failure.Message);
    }

    private sealed class EchoKernel() : Microsoft.DotNet.Interactive.Kernel("echo"), IKernelCommandHandler<SubmitCode>
    {
        public Task HandleAsync(SubmitCode command, KernelInvocationContext context) => Task.CompletedTask;
    }
}
