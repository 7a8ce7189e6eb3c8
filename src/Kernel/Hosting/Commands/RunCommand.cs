using System.CommandLine;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive run FILE.csx [-- ARGS]</c></summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "a C# script" };
        var options = new ScriptOptions();
        var command = new Command("run", "Runs a C# script.") { file };
        options.AddTo(command);
        command.SetAction(parsed => ScriptHost.Run(ScriptFile.Open(parsed.GetValue(file)!), parsed.GetValue(options.Arguments) ?? [],
            options.IsRelease(parsed), !parsed.GetValue(options.NoCache)));
        return command;
    }
}
