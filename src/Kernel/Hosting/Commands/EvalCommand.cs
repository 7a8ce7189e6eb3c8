using System.CommandLine;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive eval CODE [-- ARGS]</c></summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        var code = new Argument<string>("CODE") { Description = "C# code, or - to read it from stdin" };
        var options = new ScriptOptions();
        var command = new Command("eval", "Runs a piece of C# code.") { code };
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            var text = parsed.GetValue(code)!;
            var script = new ScriptFile(text == "-" ? Console.In.ReadToEnd() : text, "eval.csx", Directory.GetCurrentDirectory());
            return ScriptHost.Run(script, parsed.GetValue(options.Arguments) ?? [], options.IsRelease(parsed), !parsed.GetValue(options.NoCache));
        });
        return command;
    }
}
