using System.CommandLine;
using Interactive.Kernel.Directives;
using Interactive.Kernel.Jupyter;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>
/// <c>interactive kernel --connection-file F</c> and <c>interactive kernel install [--prefix DIR]</c>
/// </summary>
internal static class KernelCommand
{
    public static Command Create()
    {
        var file = new Option<string?>("--connection-file", "-f")
        {
            Description = "where Jupyter says which ports to serve",
        };
        var command = new Command("kernel",
            "The Jupyter kernel: Jupyter starts it; install registers it.") { file, Install() };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(file)
                ?? throw new UsageException("give --connection-file FILE (Jupyter does that), or install");
            using var session = new ScriptSession();
            BuiltInDirectives.AddTo(session.Directives);
            new JupyterKernel(KernelConnection.Read(path), session).Run();
            Environment.Exit(0); // also when threads of a cell still run
            return 0;
        });
        return command;
    }

    private static Command Install()
    {
        var prefix = new Option<string?>("--prefix")
        {
            Description = "an installation such as /usr/local or a virtual environment; default the user's own folder",
        };
        var command = new Command("install", "Registers the kernel with Jupyter.") { prefix };
        command.SetAction(parsed =>
        {
            Console.WriteLine($"Installed the kernel \"{KernelSpec.DisplayName}\" in {KernelSpec.Install(parsed.GetValue(prefix))}");
            return 0;
        });
        return command;
    }
}
