using System.CommandLine;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive eval CODE [-- ARGS]</c></summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        var code = new Argument<string?>("CODE")
        {
            Description = "C# code; - or nothing reads it from stdin",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var options = new ScriptOptions();
        var command = new Command("eval", "Runs a piece of C# code.") { code };
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            var text = parsed.GetValue(code);
            if (text is null && !Console.IsInputRedirected)
                throw new UsageException("give C# code: eval 'WriteLine(6 * 7);', or pipe it in");
            var script = new ScriptFile(text is null or "-" ? Console.In.ReadToEnd() : text, "eval.csx",
                Directory.GetCurrentDirectory());
            return ScriptHost.Run(script, options.Read(parsed), options.IsRelease(parsed),
                !parsed.GetValue(options.NoCache));
        });
        return command;
    }
}
